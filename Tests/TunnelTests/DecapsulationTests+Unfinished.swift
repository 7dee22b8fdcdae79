// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// Segments that the kernel merged on reception reach us as one packet with an unfinished checksum (GRO).
@Suite struct DecapsulationUnfinishedTests {
    private let rules: TestTunnel

    init() throws { rules = try TestTunnel() }

    @Test func `merged segments are cut again to what fits, and their checksum finished`() {
        let outcome = decapsulate(segments(length: 30_000).wrapped(), by: rules)
        #expect(outcome.drop == nil)
        #expect(outcome.checksum == .partial(start: 20, offset: 16))
        #expect(outcome.segmentSize == 1480 - 40)
        #expect(outcome.bytes == segments(length: 30_000).bytes())
    }

    @Test(arguments: [(1480, 0), (1481, 1440)]) func `what fits is not cut`(length: Int, segmentSize: Int) {
        let outcome = decapsulate(segments(length: length).wrapped(), by: rules)
        #expect(outcome.checksum == .partial(start: 20, offset: 16))
        #expect(outcome.segmentSize == segmentSize)
    }

    @Test(arguments: [(576, 536), (9000, 1440)]) func `the device's MTU limits segments, Ethernet's always does`(
        mtu: Int, segmentSize: Int
    ) throws {
        let rules = try TestTunnel(mtu: mtu)
        #expect(decapsulate(segments(length: 30_000).wrapped(), by: rules).segmentSize == segmentSize)
    }

    @Test func `a finished checksum, right or wrong, is nobody's business`() {
        for error in [0, 1, 0x80] as [UInt8] {
            var packet = segments(length: 1400)
            packet.payload[16] ^= 0x5a
            packet.payload[17] ^= error
            let outcome = decapsulate(packet.wrapped(), by: rules)
            #expect(outcome.checksum == .unknown)
            #expect(outcome.segmentSize == 0)
        }
    }

    @Test(arguments: [IPProtocol.tcp, .udp]) func `an unfinished packet is marked for what it carries`(
        carried: IPProtocol
    ) {
        let packet = segments(length: 200).with { $0.carried = carried }.unfinished()
        let outcome = decapsulate(packet.wrapped(), by: rules)
        #expect(outcome.checksum == .partial(start: 20, offset: carried == .tcp ? 16 : 6))
        #expect(outcome.bytes == packet.bytes())
    }

    @Test(arguments: [(1480, nil), (1481, .mergedDatagrams)] as [(Int, Drop?)])
    func `datagrams that were merged have lost their sizes, and are dropped where that shows`(length: Int, drop: Drop?)
    {
        let packet = segments(length: length).with { $0.carried = .udp }.unfinished()
        #expect(decapsulate(packet.wrapped(), by: rules).drop == drop)
    }

    @Test func `a corrupted packet stays corrupted, whichever bit it is`() {
        let packet = segments(length: 100).summed()
        for bit in 0..<packet.payload.count * 8 {
            let corrupted = packet.with { $0.payload[bit / 8] ^= 1 << (bit % 8) }
            let outcome = decapsulate(corrupted.wrapped(trafficClass: 0b10), by: rules)
            #expect(outcome.checksum == .unknown && outcome.segmentSize == 0, "bit \(bit)")
            #expect(outcome.bytes == corrupted.bytes(), "bit \(bit)")
        }
    }

    /// TCP of `length` octets with only the pseudo-header summed.
    private func segments(length: Int) -> TestPacket {
        TestPacket.stream(length: length, fragment: 0).with {
            ($0.source, $0.destination) = (Example.firsts, Example.ours)
        }.unfinished()
    }
}
