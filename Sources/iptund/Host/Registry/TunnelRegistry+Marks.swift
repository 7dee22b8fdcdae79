// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// What outer packets are marked with: rules of each tunnel lead all packets into it but its own.
extension TunnelRegistry {
    /// The mark of a tunnel: what was asked for, what one of its name that died had, or one that no other tunnel has, so that
    /// its packets may go through another one.
    ///
    /// Two tunnels that lead into each other have the same mark: packets of both leave beside both.
    func mark(for candidate: Candidate, left: TunnelState?) throws(Complaint) -> PacketMark {
        if let mark = candidate.settings.mark { return mark }
        if let mark = left?.mark { return mark }
        let partner = others.first { other in
            other.isUp && other.isAtOurUnderlay
                && leads(other.settings, to: candidate.settings) { candidate.address(of: $0) }
                && leads(candidate.settings, to: other.settings) { other.state.address(of: $0.endpoint) }
        }
        if let partner { return partner.state.mark ?? .standard }
        let taken = others.filter { $0.isUp || !$0.state.killSwitch.isEmpty }.map { $0.state.mark ?? .standard }
        let free = PacketMark.automatic.first { mark in !taken.contains { $0.meets(mark) } }
        if let free { return free }
        throw Complaint(
            "no mark for outer packets", why: "other tunnels of this host have all that are chosen by themselves",
            whatNow: "give this one its own: FwMark = N/MASK, or --fwmark")
    }

    /// Other tunnels that mark outer packets alike, though neither leads into the other.
    func sharing(_ mark: PacketMark) -> [String] {
        others.filter { $0.isUp && $0.isAtOurUnderlay && ($0.state.mark ?? .standard).meets(mark) }.map(\.state.name)
    }

    /// Whether one tunnel's routes lead outer packets of another one into it.
    private func leads(
        _ settings: TunnelSettings?, to other: TunnelSettings?, _ address: (PeerSettings) -> IPv4Address?
    ) -> Bool {
        guard let settings, let other, settings.namespace == nil else { return false }
        let routed = settings.peers.flatMap { $0.allowed ?? [] }
        return other.peers.contains { peer in
            guard let address = address(peer) else { return routed.contains { $0.length == 0 } }
            return routed.contains { $0.contains(address) }
        }
    }
}
