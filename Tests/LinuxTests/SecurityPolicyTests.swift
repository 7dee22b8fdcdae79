// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire

@Suite(.needsRoot) struct SecurityPolicyTests {
    private func block(_ text: String) throws -> Prefix { try #require(Prefix(text)) }

    @Test func `policies are read as ip xfrm wrote them`() throws {
        let policies = try inFreshNetwork {
            try shell(
                """
                ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.0/24 proto 4 dir out priority 7 action block
                ip xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir in priority 8
                ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 proto 4 dev lo dir fwd priority 9 mark 0x1994 mask 0xffff \
                    tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode transport
                ip xfrm policy add src 192.0.2.1/32 dst 192.0.2.2/32 proto udp dport 53 dir out priority 10 if_id 5
                ip -6 xfrm policy add src 2001:db8::/32 dst 2001:db8::1/128 dir out
                """)
            return try Netlink.securityPolicies().sorted { $0.priority < $1.priority }
        }
        var blocking = SecurityPolicy(.outgoing, .block)
        (blocking.source, blocking.destination) = (try block("192.0.2.1/32"), try block("192.0.2.0/24"))
        (blocking.ipProtocol, blocking.priority) = (4, 7)
        var pass = SecurityPolicy(.incoming, .pass)
        pass.priority = 8
        var protect = SecurityPolicy(.forwarded, .protect)
        (protect.source, protect.destination) = (try block("192.0.2.1/32"), try block("192.0.2.2/32"))
        (protect.ipProtocol, protect.link, protect.mark, protect.mask) = (4, 1, 0x1994, 0xffff)
        protect.priority = 9
        var ports = SecurityPolicy(.outgoing, .pass)
        (ports.source, ports.destination) = (protect.source, protect.destination)
        (ports.ipProtocol, ports.namesPorts, ports.interface, ports.priority) = (17, true, 5, 10)
        #expect(policies == [blocking, pass, protect, ports])
    }

    @Test func `without policies there are none`() throws {
        #expect(try inFreshNetwork { try Netlink.securityPolicies() } == [])
    }

    @Test func `a kernel that knows the note is told from one that does not`() throws {
        #expect(try inFreshNetwork { try RawSender(capacity: 1, local: nil).isProtocolKnown })
    }
}
