// SPDX-License-Identifier: Apache-2.0

/// How the kill switch of a tunnel stands, for one that has it.
package struct KillSwitchSnapshot: Equatable, Sendable {
    /// What a running tunnel says that stands: `routes`, `nftables`.
    package var layers: [String] = []
    /// What of it is gone, as the commands that made it.
    package var missing: [String] = []
    /// Where routes of `main` lead past the tunnel that only the network says are meant.
    package var past: [String] = []
    /// Rules of other programs that are asked before the tunnel's, by their priorities.
    package var rulesBefore: [UInt32] = []
    /// Whether all of IPv4 is the tunnel's, and IPv6 goes its own way.
    package var leavesIPv6 = false

    /// One of which nothing is known.
    package init() {}
}
