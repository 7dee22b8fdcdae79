// SPDX-License-Identifier: Apache-2.0

/// A check of what the packet filter does at one hook of a packet's way.
package protocol NetfilterCheck: Check {
    /// The hooks, in the order of the way.
    static var hooks: [Netfilter.Hook] { get }
    /// What passes there.
    static func questions(_ host: HostSnapshot) -> [NetfilterQuestion]
}

extension NetfilterCheck {
    package static var causes: [String] { [NetfilterProtocol94.id] }

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        let questions = questions(host)
        guard !questions.isEmpty else { return [finding(.ok)] }
        guard case .known(let netfilter) = host.netfilter else {
            if case .hidden(let why) = host.netfilter { return [finding(.unknown, [why])] }
            return []
        }
        var findings: [Finding] = []
        for question in questions {
            for hook in hooks {
                guard let answer = question.answer(netfilter, at: hook) else { continue }
                let finding = finding(for: question, answer)
                // One rule is one fault, however many packets it stops.
                if !findings.contains(where: { $0.evidence.first == finding.evidence.first }) {
                    findings.append(finding)
                }
            }
        }
        if !findings.isEmpty { return findings }
        if !netfilter.gaps.isEmpty { return [finding(.unknown, netfilter.gaps)] }
        return [finding(.ok)]
    }

    private static func finding(for question: NetfilterQuestion, _ answer: NetfilterQuestion.Answer) -> Finding {
        let fix = question.mending(answer.place)
        switch answer.certainty {
        case .always:
            let evidence = ["\(answer.place)", "stops \(question.subject)"]
            // Whoever stops some of what the tunnel carries, and nobody asked it to forward, may mean to.
            return finding(question.isNeeded ? .broken : .info, evidence, fix: fix)
        case .unlessKnown:
            let evidence = ["\(answer.place)", "stops \(question.subject), until packets went the other way"]
            return finding(question.isNeeded && !isInner(question) ? .warning : .info, evidence, fix: fix)
        case .perhaps(let reason):
            return finding(.info, ["\(answer.place)", "may stop \(question.subject): it depends on \(reason)"])
        }
    }

    /// A filter that lets only answers through to hosts is what most filters are.
    private static func isInner(_ question: NetfilterQuestion) -> Bool { question.packet.protocolNumber == nil }
}
