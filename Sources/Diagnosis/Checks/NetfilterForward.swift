// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Inner packets between the tunnel and the hosts behind this one.
///
/// Where `Forward` or `ProxyARP` ask for forwarding, a rule that stops it is a fault. Where this host forwards without being
/// asked by the tunnel, as hosts with Docker do, it is one only while packets for other hosts come out of the tunnel.
package enum NetfilterForward: Check {
    package static let id = "netfilter.forward"
    package static let why = "this host forwards between the tunnel and other links, and a rule drops forwarded packets"
    package static let causes = [NetfilterProtocol94.id]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        let asked = host.tunnels.filter { $0.forwarding == .asked }
        let others = host.tunnels.filter { tunnel in
            guard tunnel.forwarding != .asked, tunnel.network == nil, let device = tunnel.device else { return false }
            return host.network.effective(.forwarding, device) == 1
        }
        guard !asked.isEmpty || !others.isEmpty else { return [finding(.ok)] }
        return judge(host) { netfilter in
            asked.flatMap { needed($0, host, netfilter) } + others.flatMap { inTransit($0, host, netfilter) }
        }
    }

    /// Forwarding that is asked for has to pass to one of the links at least.
    private static func needed(_ tunnel: TunnelSnapshot, _ host: HostSnapshot, _ netfilter: Netfilter) -> [Finding] {
        let groups = host.forwarded(tunnel, needed: true)
        // Where each direction waits for the other one to begin, no connection begins.
        let isClosed =
            groups.count > 1
            && groups.joined().allSatisfy { question in
                let certainty = question.answer(netfilter, at: .forward)?.certainty
                return certainty == .always || certainty == .unlessKnown
            }
        return groups.compactMap { group in
            var mildest: Finding?
            for question in group {
                guard let answer = question.answer(netfilter, at: .forward) else { return nil }
                let finding = finding(forwarded: question, answer, netfilter)
                if mildest == nil || mildest?.verdict == .broken { mildest = finding }
            }
            if isClosed, mildest?.verdict != .broken {
                mildest?.verdict = .broken
                mildest?.evidence.append("packets the other way are stopped likewise, so no connection can begin")
            }
            return mildest
        }
    }

    /// Forwarding that is only possible matters while there are packets for it.
    private static func inTransit(_ tunnel: TunnelSnapshot, _ host: HostSnapshot, _ netfilter: Netfilter) -> [Finding] {
        let transit = host.transit.filter { $0.device == tunnel.device }
        var findings = transit.compactMap { traffic in self.finding(traffic, transit, host, netfilter) }
        if findings.isEmpty {
            for question in host.forwarded(tunnel, needed: false).joined() {
                guard let answer = question.answer(netfilter, at: .forward), answer.certainty == .always else {
                    continue
                }
                findings.append(self.finding(forwarded: question, answer, netfilter))
            }
        }
        return findings
    }

    private static func finding(
        _ traffic: TransitTraffic, _ all: [TransitTraffic], _ host: HostSnapshot, _ netfilter: Netfilter
    ) -> Finding? {
        guard let link = traffic.link, link != traffic.device else { return nil }
        func question(from source: Prefix) -> NetfilterQuestion {
            host.onBridges(.emerging(from: source, by: traffic.device, onto: link, needed: true))
        }
        let seen =
            "\(traffic.packets) packets from \(traffic.source) for \(traffic.destination) came out of "
            + "\(traffic.device) within \(host.windowMilliseconds) ms"
        let every = question(from: .all)
        if let answer = every.answer(netfilter, at: .forward), answer.certainty == .always {
            var finding = finding(forwarded: every, answer, netfilter)
            finding.evidence.append(seen)
            return finding
        }
        var one = question(from: Prefix(host: traffic.source))
        one.packet.destination = traffic.destination.rawValue...traffic.destination.rawValue
        one.packet.protocolNumber = traffic.ipProtocol
        one.subject = "packets from \(traffic.source) to \(traffic.destination) out of \(traffic.device), on to \(link)"
        guard let answer = one.answer(netfilter, at: .forward) else { return nil }
        var finding = finding(forwarded: one, answer, netfilter)
        finding.evidence.append(seen)
        switch answer.certainty {
        // The rule is about this traffic alone, and may be meant.
        case .always: finding.verdict = .warning
        case .unlessKnown: finding.verdict = isForwarded(all, host) ? .info : .warning
        case .perhaps: break
        }
        return finding
    }

    /// The finding about packets that a rule stops; its fix lets answers pass too, where they are stopped as well.
    private static func finding(
        forwarded question: NetfilterQuestion, _ answer: NetfilterQuestion.Answer, _ netfilter: Netfilter
    ) -> Finding {
        var finding = finding(for: question, answer, netfilter)
        if let fix = finding.fix, let reversed = question.reversed,
            let other = reversed.answer(netfilter, at: .forward), other.certainty == .always
        {
            let second = reversed.mending(other.place, in: netfilter)
            if second != fix { finding.fix = "\(fix) && \(second)" }
        }
        return finding
    }

    /// Whether the kernel forwarded at least half as many packets as came out of the tunnel for other hosts.
    private static func isForwarded(_ all: [TransitTraffic], _ host: HostSnapshot) -> Bool {
        guard let forwarded = host.network.counter("Ip.ForwDatagrams") else { return true }
        return forwarded.recent * 2 >= UInt64(all.reduce(0) { $0 + $1.packets })
    }
}
