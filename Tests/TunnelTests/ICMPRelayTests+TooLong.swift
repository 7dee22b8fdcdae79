// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Tunnel

/// 3/4, "fragmentation needed": believed within limits, and told to those who may not be fragmented.
@Suite struct ICMPRelayTooLongTests {
    @Test(
        arguments: [
            (1400, 1400), (1499, 1499), (552, 552),
            // Too low; 0 from a router that does not know, about 1,500 octets.
            (551, 552), (68, 552), (1, 552), (0, 1492),
        ] as [(UInt16, Int)], [48, 548]) func `a lower MTU is believed, and told less our header`(
            claim: (mtu: UInt16, believed: Int), length: Int
        ) throws
    {
        let tunnel = try TestTunnel(pathMTU: 1500)
        let verdict = tunnel.judge(3, 4, mtu: claim.mtu, about: Array(sentPacket().prefix(length)))
        let told = ICMPv4Error.fragmentationNeeded(mtu: UInt16(claim.believed - 20))
        #expect(verdict == .tell(told, inner: 20..<length, peer: Example.first))
        #expect(tunnel.pathMTU() == claim.believed)
        #expect(tunnel.pathMTU(at: Example.now + 600_000) == 1500)
        // Nothing touches another peer, and nobody has to wait for this answer.
        #expect(tunnel.pathMTU(to: Example.second) == 1500)
        #expect(encapsulate(TestPacket.outbound.bytes(), by: tunnel).answer == nil)
    }

    @Test(arguments: [1500, 1501, 9000, 65_535] as [UInt16], [28, 48, 548])
    func `an MTU that is no lower is ignored`(mtu: UInt16, length: Int) throws {
        let tunnel = try TestTunnel(pathMTU: 1500)
        #expect(tunnel.judge(3, 4, mtu: mtu, about: Array(sentPacket().prefix(length))) == .noted(Example.first))
        tunnel.expectNothingLearned()
    }

    @Test func `the same claim again tells nobody again`() throws {
        let tunnel = try TestTunnel(pathMTU: 1500)
        let quote = Array(sentPacket().prefix(48))
        #expect(tunnel.judge(3, 4, mtu: 1400, about: quote) != .noted(Example.first))
        #expect(tunnel.judge(3, 4, mtu: 1400, about: quote) == .noted(Example.first))
        #expect(tunnel.pathMTU() == 1400)
    }

    @Test(arguments: [20, 28, 40, 47]) func `a quote too short to tell anybody is enough to learn from`(
        length: Int
    ) throws {
        let tunnel = try TestTunnel(pathMTU: 1500)
        #expect(tunnel.judge(3, 4, mtu: 1400, about: Array(sentPacket().prefix(length))) == .noted(Example.first))
        #expect(tunnel.pathMTU() == 1400)
        // Whoever sends too much next is told what fits, so that there is no trouble to tell of besides.
        #expect(encapsulate(TestPacket.outbound.bytes(), by: tunnel).answer == nil)
        let tooLong = TestPacket.outbound.sized(1381).with { $0.fragment = 0x4000 }.bytes()
        #expect(encapsulate(tooLong, by: tunnel).answer == .fragmentationNeeded(mtu: 1380))
    }

    @Test(arguments: [48, 548]) func `whose packets may be fragmented need not know: the next is cut`(
        length: Int
    ) throws {
        let tunnel = try TestTunnel(pathMTU: 1500)
        let quote = Array(sentPacket(fragment: 0).prefix(length))
        #expect(tunnel.judge(3, 4, mtu: 1400, about: quote) == .noted(Example.first))
        #expect(tunnel.pathMTU() == 1400)
        let packet = TestPacket.outbound.sized(1480).bytes()
        #expect(try encapsulate(packet, by: tunnel).innerPackets().map(\.count) == [1380, 120])
    }

    @Test func `a claim of 0 goes down one plateau at a time, by the length that the quote says`() throws {
        let tunnel = try TestTunnel(pathMTU: 1500)
        for (length, believed) in [(1500, 1492), (1492, 1006), (1006, 552), (552, 552)] {
            let inner = TestPacket.outbound.sized(length - 20).with { $0.fragment = 0x4000 }.bytes()
            _ = tunnel.judge(3, 4, mtu: 0, about: Array(sentPacket(around: inner).prefix(48)))
            #expect(tunnel.pathMTU() == believed)
        }
    }
}

/// What anybody might send who knows neither address, or only one of them.
@Suite struct ICMPRelayStrayTests {
    private static let errors: [(type: UInt8, code: UInt8)] = [(3, 0), (3, 1), (3, 2), (3, 4), (3, 13), (11, 0)]

    @Test(arguments: [28, 48, 548]) func `a quote that is not from us, not to a peer or no tunnel packet is stray`(
        length: Int
    ) throws {
        let inner = TestPacket.outbound.sized(1480).with { $0.fragment = 0x4000 }.bytes()
        let stranger = IPv4Address(8, 8, 8, 8)
        let wrong = [
            TestPacket.outer(around: inner, from: stranger, to: Example.firstEndpoint),
            TestPacket.outer(around: inner, from: Example.local, to: stranger),
            TestPacket.outer(around: inner, from: Example.firstEndpoint, to: Example.local),
            TestPacket.outer(around: inner, from: Example.local, to: Example.firstEndpoint).with { $0.carried = .udp },
            TestPacket.outer(around: inner, from: Example.local, to: Example.firstEndpoint)
                .with { $0.carried = IPProtocol(rawValue: 41) },
        ]
        for packet in wrong {
            for error in ICMPRelayStrayTests.errors {
                let tunnel = try TestTunnel(pathMTU: 1500)
                let quote = Array(packet.bytes().prefix(length))
                #expect(tunnel.judge(error.type, error.code, mtu: 1000, about: quote) == .stray)
                tunnel.expectNothingLearned()
            }
        }
    }

    @Test func `what stands inside must be an IPv4 packet as far as it is there`() throws {
        let inner = TestPacket.outbound.sized(100).bytes()
        for first in [0x65, 0x55, 0x44, 0x40, 0x00] as [UInt8] {
            let tunnel = try TestTunnel(pathMTU: 1500)
            let quote = sentPacket(around: [first] + inner.dropFirst())
            #expect(tunnel.judge(3, 4, mtu: 1000, about: quote) == .stray)
            tunnel.expectNothingLearned()
        }
    }

    @Test(arguments: 0..<20) func `a quote without a whole outer header is stray`(length: Int) throws {
        let tunnel = try TestTunnel(pathMTU: 1500)
        #expect(tunnel.judge(3, 4, mtu: 1000, about: Array(sentPacket().prefix(length))) == .stray)
        tunnel.expectNothingLearned()
    }

    @Test func `no garbage traps, names a range outside of the quote, or touches the other peer`() throws {
        var random = SplitMix64()
        let original = Array(sentPacket().prefix(100))
        let tunnel = try TestTunnel(pathMTU: 1500)
        for _ in 0..<20_000 {
            var quote = random.next() % 8 == 0 ? random.bytes(Int(random.next() % 100)) : original
            for _ in 0..<random.next() % 4 where !quote.isEmpty {
                quote[Int(random.next() % UInt64(min(quote.count, 48)))] = UInt8(truncatingIfNeeded: random.next())
            }
            quote.removeLast(Int(random.next() % UInt64(quote.count + 1)))
            let type = [3, 3, 3, 11, 12, UInt8(truncatingIfNeeded: random.next())][Int(random.next() % 6)]
            let (code, mtu) = (UInt8(random.next() % 16), UInt16(truncatingIfNeeded: random.next()))
            if case .tell(_, let inner, let peer) = tunnel.judge(type, code, mtu: mtu, about: quote) {
                try #require(
                    inner.lowerBound >= 20 && inner.count >= 20 && inner.upperBound <= quote.count, random.note)
                try #require(peer == Example.first, random.note)
            }
        }
        #expect(tunnel.pathMTU() >= 552)
        #expect(tunnel.pathMTU(to: Example.second) == 1500, random.note)
        #expect(!tunnel.paths.view.takeTrouble(to: Example.second, at: Example.now), random.note)
    }
}

extension TestTunnel {
    fileprivate func pathMTU(to peer: PeerIndex = Example.first, at now: UInt64 = Example.now) -> Int {
        paths.view.mtu(to: peer, at: now)
    }
}
