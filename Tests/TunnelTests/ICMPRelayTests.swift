// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Tunnel

/// V3: what an ICMP error about our outer packet means for the sender of the inner one.
@Suite struct ICMPRelayTests {
    /// What every error but "too long" becomes; `nil` when it is only counted.
    struct Row {
        let type: UInt8
        let codes: ClosedRange<UInt8>
        let told: ICMPv4Error?
        /// With the TTL inherited, where that makes a difference.
        var toldWithInheritedTTL: ICMPv4Error??

        init(_ type: UInt8, _ codes: ClosedRange<UInt8>, _ told: ICMPv4Error?, inherited: ICMPv4Error?? = nil) {
            (self.type, self.codes, self.told, toldWithInheritedTTL) = (type, codes, told, inherited)
        }
    }

    static let rows = [
        // Network; host, protocol; port, source route; what concerns somebody else's network or host.
        Row(3, 0...0, .networkUnreachable), Row(3, 1...2, .hostUnreachable), Row(3, 3...3, nil), Row(3, 5...5, nil),
        Row(3, 6...8, .hostUnreachable), Row(3, 9...10, .prohibited), Row(3, 11...12, .hostUnreachable),
        Row(3, 13...13, .prohibited), Row(3, 14...15, .hostUnreachable),
        // Source quench, redirect.
        Row(4, 0...0, nil), Row(5, 0...3, nil),
        // TTL, reassembly time; parameters.
        Row(11, 0...0, .hostUnreachable, inherited: .some(nil)), Row(11, 1...1, nil), Row(12, 0...2, nil),
    ]

    @Test(arguments: rows.indices, [OuterPolicy.TTLPolicy.fixed(.standard), .inherit])
    func `whoever can be found is told at once`(index: Int, ttl: OuterPolicy.TTLPolicy) throws {
        let row = ICMPRelayTests.rows[index]
        let told = ttl == .inherit ? row.toldWithInheritedTTL ?? row.told : row.told
        for code in row.codes {
            for length in [48, 548] {
                let tunnel = try TestTunnel(policy: OuterPolicy(ttl: ttl), pathMTU: 1500)
                let verdict = tunnel.judge(row.type, code, about: Array(sentPacket().prefix(length)))
                if let told {
                    #expect(verdict == .tell(told, inner: 20..<length, peer: Example.first))
                } else {
                    #expect(verdict == .noted(Example.first))
                }
                tunnel.expectNothingLearned()
            }
        }
    }

    @Test(arguments: rows.indices, [OuterPolicy.TTLPolicy.fixed(.standard), .inherit])
    func `where the quote is too short, the next senders are told`(index: Int, ttl: OuterPolicy.TTLPolicy) throws {
        let row = ICMPRelayTests.rows[index]
        let told = ttl == .inherit ? row.toldWithInheritedTTL ?? row.told : row.told
        for code in row.codes {
            // No inner octet; 8 of them; the inner header; one octet less than is useful.
            for length in [20, 28, 40, 47] {
                let tunnel = try TestTunnel(policy: OuterPolicy(ttl: ttl), pathMTU: 1500)
                let verdict = tunnel.judge(row.type, code, about: Array(sentPacket().prefix(length)))
                #expect(verdict == .noted(Example.first))
                let answer = encapsulate(TestPacket.outbound.bytes(), by: tunnel).answer
                #expect(answer == (told == nil ? nil : .hostUnreachable))
                tunnel.expectNothingLearned()
            }
        }
    }

    @Test func `what quotes a packet that we would not have sent there is stray`() throws {
        let tunnel = try TestTunnel(pathMTU: 1500)
        var elsewhere = sentPacket()
        elsewhere.replaceSubrange(36..<40, with: [8, 8, 8, 8])  // the inner destination is no peer's
        #expect(tunnel.judge(3, 1, about: elsewhere) == .stray)
        var fragment = sentPacket()
        fragment[7] = 1  // a later fragment of an outer packet begins with no header
        #expect(tunnel.judge(3, 1, about: fragment) == .stray)
        tunnel.expectNothingLearned()
    }

    @Test func `0.0.0.0 is no address of ours, even while ours is not known`() throws {
        let tunnel = try TestTunnel(PeerTable([Peer(endpoint: Example.firstEndpoint, local: nil)]), pathMTU: 1500)
        let inner = TestPacket.outbound.sized(1480).with { $0.fragment = 0x4000 }.bytes()
        let quote = TestPacket.outer(around: inner, from: .unspecified, to: Example.firstEndpoint).bytes()
        #expect(tunnel.judge(3, 1, about: quote) == .stray)
        #expect(tunnel.judge(3, 4, mtu: 1400, about: quote) == .stray)
        #expect(tunnel.paths.view.mtu(to: Example.first, at: Example.now) == 1500)
    }

    @Test func `where nothing is sent, every error is stray`() throws {
        let tunnel = try TestTunnel(pathMTU: 1500)
        tunnel.relay.only = .decapsulate
        #expect(tunnel.judge(3, 1, about: sentPacket()) == .stray)
        #expect(tunnel.judge(3, 4, about: sentPacket()) == .stray)
        tunnel.expectNothingLearned()
    }

    @Test func `a whole packet shorter than 8 octets inside is useful as it is`() throws {
        for payload in 0..<8 {
            let inner = TestPacket.outbound.sized(20 + payload).bytes()
            let verdict = try TestTunnel().judge(3, 1, about: sentPacket(around: inner))
            #expect(verdict == .tell(.hostUnreachable, inner: 20..<40 + payload, peer: Example.first))
        }
    }

    @Test func `options are no obstacle, inside and outside`() throws {
        let inner = TestPacket.outbound.with { $0.options = hex("07 07 04 00 00 00 00 00") }.bytes()
        let outer = TestPacket.outer(around: inner, from: Example.local, to: Example.firstEndpoint)
        let quote = outer.with { $0.options = hex("94 04 00 00") }.bytes()
        let verdict = try TestTunnel().judge(3, 1, about: quote)
        #expect(verdict == .tell(.hostUnreachable, inner: 24..<24 + inner.count, peer: Example.first))
        #expect(try TestTunnel().judge(3, 1, about: Array(quote.prefix(24 + 28 + 7))) == .noted(Example.first))
    }

    @Test func `what is told can be written, and goes to the inner sender`() throws {
        let quote = Array(sentPacket().prefix(548))
        guard case .tell(let error, let range, _) = try TestTunnel().judge(3, 1, about: quote) else {
            Issue.record("nobody is told")
            return
        }
        var answers = Answers()
        var batch = PacketBatch(capacity: 1)
        let outcome = answers.write(error, about: quote.octets.extracting(range), into: &batch[0], at: Example.now)
        #expect(outcome == .written)
        let answer = try HeaderFacts(octets(batch[0].bytes))
        #expect(answer.source == Example.firsts && answer.destination == Example.ours)
        #expect(Array(answer.payload.dropFirst(8)) == Array(quote[20...]))
    }
}

/// The 1,500 octets that we sent to the first peer, or a shorter packet around `inner`.
func sentPacket(around inner: [UInt8]? = nil, fragment: UInt16 = 0x4000) -> [UInt8] {
    let inner = inner ?? TestPacket.outbound.sized(1480).with { $0.fragment = fragment }.bytes()
    return TestPacket.outer(around: inner, from: Example.local, to: Example.firstEndpoint).bytes()
}

extension TestTunnel {
    /// What the relay says about an error from a router.
    func judge(_ type: UInt8, _ code: UInt8, mtu: UInt16 = 0, about quote: [UInt8]) -> ICMPRelay.Verdict {
        let report = ICMPReport(
            type: type, code: code, nextHopMTU: mtu, offender: IPv4Address(192, 0, 2, 254))
        return withExtendedLifetime(self) { relay.judge(report, about: quote.octets, at: Example.now) }
    }

    /// The way to either peer is still of 1,500 octets, and nobody waits to be told of trouble.
    func expectNothingLearned(sourceLocation: SourceLocation = #_sourceLocation) {
        for peer in [Example.first, Example.second] {
            #expect(paths.view.mtu(to: peer, at: Example.now) == 1500, sourceLocation: sourceLocation)
            #expect(!paths.view.takeTrouble(to: peer, at: Example.now), sourceLocation: sourceLocation)
        }
    }
}
