// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// Segments that the kernel merged on reception reach us as one packet with an unfinished checksum (GRO).
@Suite struct DecapsulationUnfinishedTests {
    private let rules: Decapsulation

    init() throws { rules = Decapsulation(table: try Example.table(), mtu: 1480) }

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
        let rules = Decapsulation(table: try Example.table(), mtu: mtu)
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

    /// TCP of `length` octets with only the pseudo-header summed.
    private func segments(length: Int) -> TestPacket {
        var tcp = [UInt8](repeating: 0x49, count: length - 20)
        tcp.replaceSubrange(12..<14, with: [0x50, 0x10])
        let packet = TestPacket(carried: .tcp, source: Example.firsts, destination: Example.ours, payload: tcp)
        let addresses = packet.source.octets + packet.destination.octets
        let sum = naiveSum(addresses + [0, 6] + UInt16(tcp.count).octets)
        tcp.replaceSubrange(16..<18, with: sum.octets)
        return TestPacket(carried: .tcp, source: Example.firsts, destination: Example.ours, payload: tcp)
    }
}
