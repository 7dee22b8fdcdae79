// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

struct IPsecPoliciesTests {
    private static let (us, peer) = (prefix("192.0.2.1/32"), prefix("192.0.2.2/32"))

    private func host(_ policies: [IPsecPolicy], applies: Bool? = true, _ counters: [String: Growth] = [:])
        -> HostSnapshot
    {
        var host = HostSnapshot.peer { $0.local = address("192.0.2.1") }
        host.ipsecPolicies = .known(policies)
        host.appliesIPsec = applies
        host.network.counters = .known(counters)
        return host
    }

    private func verdicts(_ host: HostSnapshot) -> [Verdict] { IPsecPolicies.judge(host).map(\.verdict) }

    private static let block = IPsecPolicy(.outgoing, .block, from: us, to: peer, ipProtocol: 4)

    @Test func `a policy that blocks outer packets is broken, and how to remove it is said`() {
        var policy = Self.block
        policy.deletion = "ip xfrm policy delete"
        let findings = IPsecPolicies.judge(host([policy]))
        #expect(findings.map(\.verdict) == [.broken])
        #expect(findings.first?.fix == "ip xfrm policy delete")
        #expect(
            findings.first?.evidence
                == ["tunnel b: peer 192.0.2.2: src 192.0.2.1/32 dst 192.0.2.2/32 proto 4 dir out: block"])
        #expect(verdicts(host([IPsecPolicy(.incoming, .block, from: Self.peer, to: Self.us)])) == [.broken])
    }

    @Test(arguments: [
        IPsecPolicy(.outgoing, .block, from: us, to: peer, ipProtocol: 17),
        IPsecPolicy(.outgoing, .block, from: peer, to: us, ipProtocol: 4),
        IPsecPolicy(.incoming, .block, from: us, to: peer, ipProtocol: 4),
        IPsecPolicy(.outgoing, .pass, from: us, to: peer, ipProtocol: 4),
    ])
    func `a policy about other packets, or one that lets them pass, is fine`(policy: IPsecPolicy) {
        #expect(verdicts(host([policy])) == [.ok])
    }

    @Test func `of several the one of the lowest number decides, and of equals the first`() {
        var (first, second) = (Self.block, IPsecPolicy(.outgoing, .pass))
        #expect(verdicts(host([first, second])) == [.broken])
        #expect(verdicts(host([second, first])) == [.ok])
        (first.priority, second.priority) = (20, 10)
        #expect(verdicts(host([first, second])) == [.ok])
    }

    @Test func `a policy of another link is about others`() {
        var policy = Self.block
        policy.device = "eth7"
        #expect(verdicts(host([policy])) == [.ok])
    }

    @Test func `protection is worth knowing, and broken while packets are lost for want of it`() {
        let out = IPsecPolicy(.outgoing, .protect, from: Self.us, to: Self.peer, ipProtocol: 4)
        let arriving = IPsecPolicy(.incoming, .protect, from: Self.peer, to: Self.us, ipProtocol: 4)
        #expect(verdicts(host([out, arriving])) == [.info, .info])
        let (before, now) = (Growth(total: 9), Growth(total: 9, recent: 3))
        #expect(verdicts(host([out], ["Xfrm.XfrmOutNoStates": before])) == [.info])
        #expect(verdicts(host([out], ["Xfrm.XfrmOutNoStates": now])) == [.broken])
        #expect(verdicts(host([out], ["Xfrm.XfrmInTmplMismatch": now])) == [.info])
        #expect(verdicts(host([arriving], ["Xfrm.XfrmInTmplMismatch": now])) == [.broken])
    }

    @Test func `a kernel that does not apply a policy for protocol 4 lets packets leave in clear`() {
        let out = IPsecPolicy(.outgoing, .protect, from: Self.us, to: Self.peer, ipProtocol: 4)
        let findings = IPsecPolicies.judge(host([out], applies: false))
        #expect(findings.map(\.verdict) == [.broken])
        #expect(findings[0].evidence.last?.contains("in clear") == true)
        // One for every protocol is applied by any kernel.
        #expect(verdicts(host([IPsecPolicy(.outgoing, .protect)], applies: false)) == [.info])
    }

    @Test func `who may not ask does not know`() {
        var host = HostSnapshot.healthy
        host.ipsecPolicies = .hidden("IPsec policies: needs root")
        #expect(verdicts(host) == [.unknown])
    }

    @Test func `the kernel's counters of IPsec are read by name`() {
        let text = "XfrmInError             \t0\nXfrmOutNoStates         \t12\nodd\n"
        #expect(KernelCounters(xfrm: text).values == ["Xfrm.XfrmInError": 0, "Xfrm.XfrmOutNoStates": 12])
    }
}
