// SPDX-License-Identifier: Apache-2.0

/// A check of the packet filter at one hook of a packet's way.
package protocol NetfilterCheck: Check {
    /// The hooks, in the order of the way.
    static var hooks: [Netfilter.Hook] { get }
    /// The packets that pass there.
    static func questions(_ host: HostSnapshot) -> [NetfilterQuestion]
}

extension NetfilterCheck {
    package static var causes: [String] { [NetfilterProtocol94.id] }

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        let questions = questions(host)
        // Where no packet is known, as without a route to the peer, a filter that was not read may still stop them all.
        guard !questions.isEmpty || !host.tunnels.isEmpty else { return [finding(.ok)] }
        return judge(host) { netfilter in
            questions.flatMap { question in
                hooks.compactMap { hook in
                    question.answer(netfilter, at: hook).map { finding(for: question, $0, netfilter) }
                }
            }
        }
    }
}

extension Check {
    /// The findings of `body` about the packet filter, one for each rule; unknown where it was not read.
    static func judge(_ host: HostSnapshot, _ body: (Netfilter) -> [Finding]) -> [Finding] {
        switch host.netfilter {
        case .hidden(let why): return [finding(.unknown, [why])]
        case .known(let netfilter):
            var findings: [Finding] = []
            // One rule is one fault, however many packets it stops.
            for finding in body(netfilter).sorted(by: { $0.verdict.rank > $1.verdict.rank }) {
                guard let same = findings.firstIndex(where: { $0.evidence.first == finding.evidence.first }) else {
                    findings.append(finding)
                    continue
                }
                // Each of the packets that it stops needs its own exception.
                guard findings[same].verdict == finding.verdict, let fix = findings[same].fix, let other = finding.fix,
                    fix.count < 500
                else { continue }
                let known = fix.split(separator: " && ")
                let added = other.split(separator: " && ").filter { !known.contains($0) }
                guard !added.isEmpty else { continue }
                findings[same].fix = (known + added).joined(separator: " && ")
                findings[same].evidence += finding.evidence.dropFirst()
            }
            // A part that was not read may be the cause of the doubt.
            if !netfilter.gaps.isEmpty, findings.allSatisfy({ $0.verdict == .info }) {
                findings.append(finding(.unknown, netfilter.gaps))
            }
            return findings.isEmpty ? [finding(.ok)] : findings
        }
    }

    /// The finding about packets that a rule stops, or may stop.
    static func finding(
        for question: NetfilterQuestion, _ answer: NetfilterQuestion.Answer, _ netfilter: Netfilter
    ) -> Finding {
        let fix = question.mending(answer.place, in: netfilter)
        switch answer.certainty {
        case .always:
            let evidence = ["\(answer.place)", "stops \(question.subject)"]
            // An administrator may mean to stop inner packets that the tunnel was not asked to forward.
            return finding(question.isNeeded ? .broken : .info, evidence, fix: fix)
        case .unlessKnown:
            let evidence = ["\(answer.place)", "stops \(question.subject), until packets went the other way"]
            // Most filters let only answers through to hosts.
            let isWarning = question.isNeeded && !question.traffic.isInner
            return finding(isWarning ? .warning : .info, evidence, fix: fix)
        case .perhaps(let reason):
            return finding(.info, ["\(answer.place)", "may stop \(question.subject): it depends on \(reason)"])
        }
    }
}

extension Verdict {
    /// The place in `allCases`, which ends with the worst.
    fileprivate var rank: Int { Verdict.allCases.firstIndex(of: self) ?? 0 }
}
