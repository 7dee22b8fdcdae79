// SPDX-License-Identifier: Apache-2.0

/// What may leave this host by the tunnel only, whether the tunnel is up or not.
package enum KillSwitch: String, Equatable, Sendable, CaseIterable {
    /// Nothing: while the tunnel is down, packets go wherever other routes lead.
    case off = "no"
    /// What is behind the peers.
    case on = "yes"
    /// That, and IPv6 stays on the link.
    case all
}
