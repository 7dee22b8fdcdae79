// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Wire

/// Where peers are that are known by name: the daemon says it, and the keeper judges whether they can be there beside the other
/// tunnels of this host.
extension KeeperProcess {
    /// Takes what is new into the roster, and writes it down for other tunnels and for the next start.
    mutating func judgeAddresses() throws(Complaint) {
        let news = claims.said.filter { slot, address in
            guard let member = member(at: slot), member.host != nil else { return false }
            return (member.address ?? .unspecified) != address
        }
        claims.refused = claims.refused.filter { news.keys.contains($0.key) }
        guard !news.isEmpty else { return }
        let state = duty.reconciler.state
        // Two that learn at once: one of them is first.
        let lock = try SetUpLock.take(in: state.namespace)
        let registry = registry
        for (slot, address) in news.sorted(by: { $0.key < $1.key }) {
            guard var member = member(at: slot) else { continue }
            guard address != .unspecified else {
                duty.roster.members[slot]?.address = nil
                continue
            }
            var candidate = TunnelRegistry.Candidate(settings: duty.settings, learned: duty.roster.learned)
            candidate.learned[member.settings.endpoint] = address
            let refusal = registry.refusal(of: member.settings, candidate)
            claims.refused[slot] = refusal.map { "\($0)" }
            member.address = refusal == nil ? address : nil
            duty.roster.members[slot] = member
        }
        let addresses = duty.roster.savedAddresses
        let result = Result { () throws(Complaint) in
            try duty.reconciler.note(state.steps) { $0.addresses = addresses }
        }
        lock.release()
        try result.get()
    }

    private func member(at slot: Int) -> Roster.Member? {
        slot < duty.roster.members.count ? duty.roster.members[slot] : nil
    }
}
