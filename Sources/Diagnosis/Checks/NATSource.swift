// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// NAT at this host that gives our outer packets another source.
package enum NATSource: Check {
    package static let id = "nat.source"
    package static let why = "the peer knows us by our outer address, and drops what comes from another one"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        let questions = host.departures()
        guard !questions.isEmpty else { return [finding(.ok)] }
        guard let netfilter = host.netfilter.value else {
            return [finding(.unknown, ["the packet filter is not seen"])]
        }
        var findings: [Finding] = []
        for question in questions {
            let packet = question.packet(at: .postrouting, netfilter)
            let judgement = netfilter.judge(packet, at: .postrouting)
            for change in judgement.rewritings {
                let fix = question.mending(change.place, in: netfilter)
                findings.append(finding(question, change, host, fix: fix))
            }
            for doubt in judgement.doubts {
                guard case .rewritten = doubt.consequence else { continue }
                let text = "may rewrite \(question.subject): it depends on \(doubt.reason)"
                findings.append(finding(.info, ["\(doubt.place)", text]))
            }
        }
        var seen: Set<String> = []
        let different = findings.filter { $0.verdict != .ok && seen.insert($0.evidence.first ?? "").inserted }
        return different.isEmpty ? [finding(.ok)] : different
    }

    private static func finding(
        _ question: NetfilterQuestion, _ change: Netfilter.Change, _ host: HostSnapshot, fix: String
    ) -> Finding {
        let (local, place) = (question.packet.source, change.place)
        let again = "conntrack keeps the old mapping: conntrack -D -p 4, or ten minutes without traffic"
        switch change.rewriting {
        case .destination: return finding(.ok)
        case .source(local): return finding(.ok)
        case .source(let range?) where range.count == 1:
            let text = "gives \(question.subject) the source \(IPv4Address(rawValue: range.lowerBound))"
            return finding(.broken, ["\(place)", text], fix: fix, next: again)
        case .source:
            return finding(.broken, ["\(place)", "rewrites the source of \(question.subject)"], fix: fix, next: again)
        case .masquerade:
            // By the address that the device has first: mostly it is ours.
            let first = question.packet.outputDevice.name.flatMap { host.surroundings.firstAddresses[$0] }
            guard let first else {
                return finding(
                    .warning, ["\(place)", "may rewrite the source of \(question.subject)"], fix: fix, next: again)
            }
            if first.rawValue...first.rawValue == local { return finding(.ok) }
            return finding(
                .broken, ["\(place)", "gives \(question.subject) the source \(first)"], fix: fix, next: again)
        }
    }
}
