// SPDX-License-Identifier: Apache-2.0

/// A rule that was meant for the tunnel and accepts `ipip`, which is protocol 94.
package enum NetfilterProtocol94: Check {
    package static let id = "netfilter.protocol94"
    package static let why =
        "in /etc/protocols \"ipip\" is 94, which nobody sends; IP in IP is 4, which is called \"ipencap\""

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        guard let netfilter = host.netfilter.value else {
            return [finding(.unknown, ["the packet filter is not seen"])]
        }
        let ways = [
            (host.arrivals(), [Netfilter.Hook.ingress, .prerouting, .input]),
            (host.departures(), [.output, .postrouting, .egress]),
        ]
        for (questions, hooks) in ways {
            for question in questions {
                for hook in hooks {
                    if let finding = finding(question, netfilter, hook) { return [finding] }
                }
            }
        }
        return [finding(.ok)]
    }

    private static func finding(_ question: NetfilterQuestion, _ netfilter: Netfilter, _ hook: Netfilter.Hook)
        -> Finding?
    {
        guard let answer = question.answer(netfilter, at: hook) else { return nil }
        var other = question
        other.packet.protocolNumber = 94
        let judgement = netfilter.judge(other.packet(at: hook, netfilter), at: hook)
        guard judgement.fate == .accepted,
            let trap = judgement.acceptances.first(where: {
                ($0.table, $0.family, $0.base) == (answer.place.table, answer.place.family, answer.place.base)
            })
        else { return nil }
        let evidence = ["\(trap)", "accepts protocol 94, and \(answer.place.rule) stops \(question.subject)"]
        switch answer.certainty {
        case .always: return finding(.broken, evidence, fix: question.mending(answer.place, in: netfilter))
        case .unlessKnown: return finding(.warning, evidence, fix: question.mending(answer.place, in: netfilter))
        case .perhaps: return nil
        }
    }
}
