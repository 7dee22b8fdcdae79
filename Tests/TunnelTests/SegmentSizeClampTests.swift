// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@testable import Tunnel

/// Connections agree on segments that fit through the tunnel, whichever end begins.
@Suite struct SegmentSizeClampTests {
    private let outbound = TestPacket.syn(maximumSegmentSize: 1460, from: Example.ours, to: Example.firsts)
    private let inbound = TestPacket.syn(maximumSegmentSize: 1460, from: Example.firsts, to: Example.ours)

    @Test(arguments: [
        (SegmentSizeClamp.off, 1460), (.auto, 1440), (.fixed(1200), 1200), (.fixed(1), 1), (.fixed(1460), 1460),
        (.fixed(9000), 1460),
    ]) func `the size is lowered in both directions, and never raised`(clamp: SegmentSizeClamp, expected: Int) throws {
        let tunnel = try tunnel(clamp)
        let sent = encapsulate(outbound.bytes(), by: tunnel)
        let received = decapsulate(inbound.wrapped(), by: tunnel)
        for outcome in [sent, received] {
            #expect(outcome.drop == nil)
            #expect(maximumSegmentSize(in: outcome.bytes) == expected)
            #expect(hasRightTransportChecksum(outcome.bytes))
        }
        if expected == 1460 {
            #expect(sent.bytes == outbound.bytes())
            #expect(received.bytes == inbound.bytes())
        }
    }

    @Test(arguments: [(1480, 1500, 1440), (1480, 1400, 1340), (1300, 1500, 1260), (65_535, 65_535, 1460)])
    func `auto is what fits the path and the device, less 40`(mtu: Int, pathMTU: Int, expected: Int) throws {
        let tunnel = try tunnel(.auto, mtu: mtu, pathMTU: pathMTU)
        #expect(maximumSegmentSize(in: encapsulate(outbound.bytes(), by: tunnel).bytes) == expected)
        #expect(maximumSegmentSize(in: decapsulate(inbound.wrapped(), by: tunnel).bytes) == expected)
    }

    @Test func `auto follows the path MTU down, and up again when that is forgotten`() throws {
        let tunnel = try tunnel(.auto)
        tunnel.paths.view.learn(1000, to: Example.first, at: Example.now)
        for (later, expected) in [(0, 940), (599_999, 940), (600_000, 1440)] as [(UInt64, Int)] {
            let sent = encapsulate(outbound.bytes(), by: tunnel, at: Example.now + later)
            #expect(maximumSegmentSize(in: sent.bytes) == expected)
            let received = decapsulate(inbound.wrapped(), by: tunnel, at: Example.now + later)
            #expect(maximumSegmentSize(in: received.bytes) == expected)
        }
        // The other peer's way is another.
        let other = TestPacket.syn(maximumSegmentSize: 1460, from: Example.ours, to: Example.seconds)
        #expect(maximumSegmentSize(in: encapsulate(other.bytes(), by: tunnel).bytes) == 1440)
    }

    @Test func `a stranger's connection is held to the device's MTU`() throws {
        let tunnel = try tunnel(.auto, mtu: 1300)
        tunnel.decapsulation.acceptance = .also([.all])
        let packet = TestPacket.syn(maximumSegmentSize: 1460, from: IPv4Address(8, 8, 8, 8), to: Example.ours)
        let outcome = decapsulate(packet.wrapped(from: IPv4Address(8, 8, 4, 4)), by: tunnel)
        #expect(outcome.drop == nil)
        #expect(maximumSegmentSize(in: outcome.bytes) == 1260)
    }

    @Test func `an unfinished checksum is right once it is finished`() throws {
        let tunnel = try tunnel(.fixed(1000))
        let sent = encapsulate(outbound.unfinished().bytes(), by: tunnel, checksum: outbound.partial)
        #expect(sent.checksum == .valid)
        #expect(maximumSegmentSize(in: sent.bytes) == 1000)
        #expect(hasRightTransportChecksum(sent.bytes))

        let received = decapsulate(inbound.unfinished().wrapped(), by: tunnel)
        #expect(received.checksum == inbound.partial)
        #expect(maximumSegmentSize(in: received.bytes) == 1000)
        // The field still holds the sum of the pseudo-header, which does not cover the option.
        #expect(Array(received.bytes[36..<38]) == naiveSum(inbound.pseudoHeader).octets)
    }

    @Test func `a corrupted connection request stays corrupted`() throws {
        let tunnel = try tunnel(.auto)
        for packet in [outbound, inbound] {
            let corrupted = packet.with { $0.payload[4] ^= 0x10 }
            let outcome =
                packet.source == Example.ours
                ? encapsulate(corrupted.bytes(), by: tunnel) : decapsulate(corrupted.wrapped(), by: tunnel)
            #expect(maximumSegmentSize(in: outcome.bytes) == 1440)
            #expect(!hasRightTransportChecksum(outcome.bytes))
        }
    }

    @Test func `what is no request, no first fragment or no TCP is let alone`() throws {
        let tunnel = try tunnel(.fixed(1))
        for change in [
            { $0.payload[13] = 0x10 }, { $0.fragment = 0x0001 }, { $0.carried = .udp }, { $0.payload[20] = 3 },
        ] as [(inout TestPacket) -> Void] {
            let (sent, received) = (outbound.with(change), inbound.with(change))
            #expect(encapsulate(sent.bytes(), by: tunnel).bytes == sent.bytes())
            #expect(decapsulate(received.wrapped(), by: tunnel).bytes == received.bytes())
        }
    }

    @Test(arguments: [(0, 1), (40, 1), (41, 1), (42, 2), (100_000, 1460)])
    func `a limit is at least 1, and at most what the option can say`(tunnelMTU: Int, expected: Int) {
        var batch = PacketBatch(capacity: 1)
        batch[0].copy(outbound.bytes().octets)
        SegmentSizeClamp.auto.apply(to: &batch[0], tunnelMTU: tunnelMTU)
        #expect(maximumSegmentSize(in: octets(batch[0].bytes)) == expected)
    }

    private func tunnel(_ clamp: SegmentSizeClamp, mtu: Int = 1480, pathMTU: Int = 1500) throws -> TestTunnel {
        let tunnel = try TestTunnel(mtu: mtu, pathMTU: pathMTU)
        (tunnel.encapsulation.clamp, tunnel.decapsulation.clamp) = (clamp, clamp)
        return tunnel
    }
}
