// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// What outer packets are marked with: rules of each tunnel lead all packets into it but its own.
extension TunnelRegistry {
    /// The mark of a tunnel: what was asked for, what one of its name that died had, or one that no other tunnel has and no rule of
    /// others is about, so that its packets may go through another tunnel.
    ///
    /// Two tunnels that lead into each other have the same mark, and so has one beside another whose `Local` says that it leaves
    /// by the underlay: packets of both leave beside both. But nothing passes a kill switch.
    func mark(
        for candidate: Candidate, left: TunnelState?, besides rules: [RuleSummary]
    ) throws(Complaint) -> PacketMark {
        if let mark = candidate.settings.mark { return try unhindered(mark, candidate) }
        if let mark = left?.mark { return mark }
        let neighbours = others.filter { $0.isUp && $0.isAtOurUnderlay }
        if let partner = neighbours.first(where: { goesBeside($0, candidate) }) { return partner.mark }
        let taken = others.filter { $0.isUp || !$0.state.killSwitch.isEmpty }.map(\.mark)
        let free = PacketMark.automatic.first { mark in
            !taken.contains { $0.meets(mark) } && TunnelRegistry.rules(about: mark, among: rules).isEmpty
        }
        if let free { return free }
        throw Complaint(
            "no mark for outer packets",
            why: "other tunnels of this host, or rules for marks ('ip rule'), have all that are chosen by themselves",
            whatNow: "give this one its own: FwMark = N/MASK, or --fwmark")
    }

    /// Rules of other programs that lead outer packets with this mark, which have no other bits. One for bits that are 0 is about
    /// packets that nothing has marked, ours among them, whatever their mark.
    static func rules(about mark: PacketMark, among rules: [RuleSummary]) -> [RuleSummary] {
        rules.filter { rule in
            rule.protocolNumber != HostChange.protocolNumber && rule.meaning.sense == .these
                && rule.mark.map { $0.value != 0 && $0.fits(mark.value) } ?? false
        }
    }

    /// - Throws: that packets with this mark would pass another tunnel's kill switch, or another tunnel's ours.
    private func unhindered(_ mark: PacketMark, _ candidate: Candidate) throws(Complaint) -> PacketMark {
        let passed = others.first { other in
            (other.isUp || !other.state.killSwitch.isEmpty) && other.isNextToUs && other.mark.meets(mark)
                && (other.settings?.killSwitch != .off && leads(other, to: candidate)
                    || candidate.settings.killSwitch != .off && leads(candidate, to: other))
        }
        guard let passed else { return mark }
        throw Complaint(
            "FwMark = \(mark)",
            why: "tunnel \(passed.state.name) marks its outer packets so, and they would pass a kill switch",
            whatNow: "give each its own, or leave FwMark out")
    }

    /// Whether packets of both have to leave beside the other.
    private func goesBeside(_ other: Other, _ candidate: Candidate) -> Bool {
        guard let theirs = other.settings else { return false }
        let (isAbove, isBelow) = (leads(other, to: candidate), leads(candidate, to: other))
        guard !isAbove || theirs.killSwitch == .off, !isBelow || candidate.settings.killSwitch == .off else {
            return false
        }
        if isAbove, isBelow { return true }
        return isAbove && candidate.settings.isBound(besides: theirs)
            || isBelow && theirs.isBound(besides: candidate.settings)
    }

    /// Other tunnels that mark outer packets alike, though neither leads into the other.
    func sharing(_ mark: PacketMark) -> [String] {
        others.filter { $0.isUp && $0.isAtOurUnderlay && $0.mark.meets(mark) }.map(\.state.name)
    }

    /// Tunnels whose outer packets go through another one when this one is up, for the administrator to know.
    func nestings(_ candidate: Candidate, mark: PacketMark) -> [String] {
        others.filter { $0.isUp && $0.isNextToUs && $0.isAtOurUnderlay && !$0.mark.meets(mark) }.flatMap { other in
            let name = other.state.name
            return [
                leads(other, to: candidate)
                    ? "outer packets go through tunnel \(name), which leads to a peer; \(remedy(past: other.settings))"
                    : nil,
                leads(candidate, to: other)
                    ? "outer packets of tunnel \(name) go through this one, which leads to its peer; "
                        + remedy(past: candidate.settings) : nil,
            ].compactMap(\.self)
        }
    }

    /// What keeps packets beside a tunnel that leads to where they go.
    private func remedy(past settings: TunnelSettings?) -> String {
        let route = "'ip route add PEER via ROUTER proto static'"
        return settings?.killSwitch ?? .off == .off
            ? "\(route), the same FwMark in both, or Local = an address of the uplink would keep them beside it"
            : "\(route) would keep them beside it and its kill switch"
    }

    /// Whether another tunnel's routes lead outer packets of ours into it, and the other way round.
    private func leads(_ other: Other, to candidate: Candidate) -> Bool {
        TunnelRegistry.leads(other.settings, to: candidate.settings.peers.map { candidate.address(of: $0) })
    }

    private func leads(_ candidate: Candidate, to other: Other) -> Bool {
        let peers = other.settings?.peers ?? []
        return TunnelRegistry.leads(candidate.settings, to: peers.map { other.state.address(of: $0.endpoint) })
    }

    private static func leads(_ settings: TunnelSettings?, to peers: [IPv4Address?]) -> Bool {
        guard let settings, settings.namespace == nil else { return false }
        let routed = settings.peers.flatMap { $0.allowed ?? [] }
        return peers.contains { address in
            // To a peer whose address is not known only a route for everything surely leads.
            routed.contains { prefix in address.map(prefix.contains) ?? (prefix.length == 0) }
        }
    }
}

extension TunnelRegistry.Other {
    /// What its outer packets are marked with.
    var mark: PacketMark { state.mark ?? .standard }
}

extension TunnelSettings {
    /// Whether its outer packets leave from an address that another tunnel does not have: by the underlay.
    fileprivate func isBound(besides other: TunnelSettings) -> Bool {
        local.map { local in !other.addresses.contains { $0.address == local } } ?? false
    }
}
