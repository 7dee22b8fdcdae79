// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// Whether a tunnel can run beside the others.
extension TunnelRegistry {
    /// A tunnel that is to run, or runs: what it was asked to be, and where its peers are.
    struct Candidate {
        let settings: TunnelSettings
        /// The addresses of those peers that are known by name.
        var learned: [PeerAddress: IPv4Address] = [:]

        func address(of peer: PeerSettings) -> IPv4Address? {
            if case .address(let address) = peer.endpoint { return address }
            return learned[peer.endpoint]
        }
    }

    /// - Throws: why it cannot.
    func check(_ candidate: Candidate) throws(Complaint) {
        for other in others where other.isUp {
            guard let settings = other.settings else { continue }
            if other.isNextToUs, let complaint = samePrefix(candidate, settings, other.state) { throw complaint }
            for peer in candidate.settings.peers {
                if let complaint = meeting(of: peer, candidate, with: other) { throw complaint }
            }
            if other.isAtOurUnderlay, let complaint = strangers(candidate, settings, other.state) { throw complaint }
        }
    }

    /// Why `peer` cannot be where it is beside the others; `nil` when it can.
    func refusal(of peer: PeerSettings, _ candidate: Candidate) -> Complaint? {
        for other in others where other.isUp {
            if let complaint = meeting(of: peer, candidate, with: other) { return complaint }
        }
        return nil
    }

    /// What two would deliver twice: every tunnel sees every protocol 4 packet that arrives, so two that take the same inner
    /// sources from the same sender at the same address of ours would both deliver them.
    private func meeting(of peer: PeerSettings, _ candidate: Candidate, with other: Other) -> Complaint? {
        guard other.isAtOurUnderlay, let theirs = other.settings, let address = candidate.address(of: peer),
            candidate.settings.takes, theirs.takes, candidate.settings.sharesLocal(with: theirs)
        else { return nil }
        for their in theirs.peers where other.state.address(of: their.endpoint) == address {
            guard let shared = Prefix.shared(peer.allowed ?? [.all], their.allowed ?? [.all]) else { continue }
            return Complaint(
                "peer \(peer.label(at: address))",
                why: "tunnel \(other.state.name) takes \(shared) from it already",
                whatNow: "end that one, give both AllowedIPs that do not overlap, or another Local each")
        }
        return nil
    }

    /// The same prefix in two tunnels: packets go to one peer only. In one table the kernel would refuse the second route without
    /// saying whose the first is; with a table for each tunnel the second would never see a packet. Parts of each other are fine.
    private func samePrefix(_ candidate: Candidate, _ theirs: TunnelSettings, _ state: TunnelState) -> Complaint? {
        guard case .automatic = candidate.settings.table, theirs.table != .off else { return nil }
        if case .number(let number) = theirs.table, number != Route.mainTable { return nil }
        var taken: [Prefix: PeerSettings] = [:]
        for their in theirs.peers { for prefix in their.allowed ?? [] { taken[prefix] = their } }
        for peer in candidate.settings.peers {
            guard let prefix = peer.allowed?.first(where: { taken[$0] != nil }), let owner = taken[prefix] else {
                continue
            }
            return Complaint(
                "AllowedIPs of peer \(peer.label)",
                why: "\(prefix) goes to peer \(owner.label) of tunnel \(state.name) already",
                whatNow: "end that one, or leave the prefix to one of them; a part of it is fine")
        }
        return nil
    }

    /// What one tunnel takes by AcceptFrom, and another one from its peers.
    private func strangers(_ candidate: Candidate, _ theirs: TunnelSettings, _ state: TunnelState) -> Complaint? {
        guard candidate.settings.takes, theirs.takes, candidate.settings.sharesLocal(with: theirs) else { return nil }
        let (ours, others) = (candidate.settings.policy.acceptance.blocks, theirs.policy.acceptance.blocks)
        let peers = candidate.settings.peers.compactMap { candidate.address(of: $0) }.map { Prefix(host: $0) }
        let others4 = theirs.peers.compactMap { state.address(of: $0.endpoint) }.map { Prefix(host: $0) }
        guard let shared = Prefix.shared(ours, others4 + others) ?? Prefix.shared(peers, others) else { return nil }
        return Complaint(
            "packets from \(shared)", why: "tunnel \(state.name) would take them too",
            whatNow: "end that one, or give AcceptFrom prefixes that hold none of its peers")
    }
}

extension TunnelSettings {
    /// Whether it takes packets: what only encapsulates takes none. The two modules of 1994 ran side by side.
    fileprivate var takes: Bool { policy.only != .encapsulate }

    /// Whether one packet can be for an address of both.
    fileprivate func sharesLocal(with other: TunnelSettings) -> Bool {
        local == nil || other.local == nil || local == other.local
    }
}

extension PeerSettings {
    /// What people call it.
    var label: String { name ?? endpoint.description }

    /// The same, with the address that it has now.
    fileprivate func label(at address: IPv4Address) -> String {
        let label = label
        return label == "\(address)" ? label : "\(label) (\(address))"
    }
}

extension Decapsulation.Acceptance {
    /// The blocks that `AcceptFrom` stands for, beside the peers.
    fileprivate var blocks: [Prefix] {
        description == "any" ? [.all] : description.split(separator: ",").compactMap { Prefix($0) }
    }
}

extension Prefix {
    /// The first block that lies in one of each; `nil` when they are apart.
    static func shared(_ ours: [Prefix], _ theirs: [Prefix]) -> Prefix? {
        for prefix in ours {
            for other in theirs where prefix.contains(other.address) || other.contains(prefix.address) {
                return prefix.length > other.length ? prefix : other
            }
        }
        return nil
    }
}
