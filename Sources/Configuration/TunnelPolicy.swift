// SPDX-License-Identifier: Apache-2.0

package import Tunnel
package import Wire

/// What somebody asked of the data path, and what does not change while it runs.
package struct TunnelPolicy: Equatable, Sendable {
    /// TTL, DF, DSCP and ECN of outer packets.
    package var outer = OuterPolicy()
    /// Whom packets are taken from.
    package var acceptance = Decapsulation.Acceptance.peers
    /// The one address of ours that packets are taken at; `nil` for every one.
    package var local: IPv4Address?
    /// The least TTL that they may have left.
    package var minimumTTL: UInt8?
    /// Which way the tunnel carries; `nil` for both.
    package var only: Direction?
    /// What becomes of the maximum segment size of TCP connections.
    package var clamp = SegmentSizeClamp.auto

    /// What a tunnel does that was told nothing.
    package init() {}

    /// The rules of the encapsulating side.
    package func encapsulation(_ rules: RuleSet, mtu: Int, paths: Paths.View) -> Encapsulation {
        var encapsulation = Encapsulation(rules, policy: outer, mtu: mtu, paths: paths)
        encapsulation.only = only
        encapsulation.clamp = clamp
        return encapsulation
    }

    /// What becomes of ICMP errors.
    package func relay(_ rules: RuleSet, paths: Paths.View) -> ICMPRelay {
        var relay = ICMPRelay(rules, policy: outer, paths: paths)
        relay.only = only
        return relay
    }

    /// The rules of the decapsulating side.
    package func decapsulation(_ rules: RuleSet, mtu: Int, paths: Paths.View) -> Decapsulation {
        var decapsulation = Decapsulation(rules, mtu: mtu, paths: paths)
        decapsulation.acceptance = acceptance
        decapsulation.local = local
        decapsulation.minimumTTL = minimumTTL
        decapsulation.only = only
        decapsulation.clamp = clamp
        return decapsulation
    }
}
