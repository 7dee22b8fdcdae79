// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// What is no superpacket, and the change of the segment size.
@Suite struct SegmentationRefusalTests {
    private let tcp = BuiltPacket().carryingUnfinished(BuiltTCP(payload: [1, 2, 3]))
    private let udp = BuiltPacket().carryingUnfinished(BuiltUDP(payload: [1, 2, 3]))

    @Test(arguments: [0, -1, Int.min]) func `there is no segment of no octets`(size: Int) {
        #expect(Segmentation(tcp, size: size) == nil)
        #expect(Segmentation(udp, size: size) == nil)
    }

    @Test(arguments: [3, 4, 65_535, 65_536, Int.max]) func `a size beyond the payload is one packet, however absurd`(
        size: Int
    ) throws {
        for packet in [tcp, udp] {
            let segmentation = try #require(Segmentation(packet, size: size))
            #expect(segmentation.count == 1)
            #expect(segmentation.longestLength == packet.count)
            #expect(segmentation.body(0) == segmentation.headerLength..<packet.count)
            let resized = try #require(Segmentation(packet, size: 1)).resized(to: size)
            #expect(resized == segmentation)
        }
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>) func `only TCP and UDP can be segmented`(carried: UInt8) {
        let taken = Segmentation(tcp.replacing(at: 9, with: [carried]), size: 1)
        #expect((taken != nil) == (carried == 6 || carried == 17))
    }

    @Test func `no fragment can be segmented`() {
        for field in 0...UInt16.max {
            let taken = Segmentation(tcp.replacing(at: 6, with: [UInt8](word: field)), size: 1)
            // MF and the offset; DF and the reserved bit do not matter.
            if (taken != nil) != (field & 0x3fff == 0) { Issue.record("\(field)") }
        }
    }

    @Test(arguments: 0...20) func `a packet shorter than its transport header is refused`(length: Int) {
        let shortTCP = tcp.prefix(20 + length)
        let taken = Segmentation(Array(shortTCP).replacing(at: 2, with: [UInt8](word: UInt16(20 + length))), size: 1)
        #expect((taken != nil) == (length == 20))
        let shortUDP = Array((udp + [UInt8](repeating: 0, count: 20)).prefix(20 + length))
        let datagram = Segmentation(shortUDP.replacing(at: 2, with: [UInt8](word: UInt16(20 + length))), size: 1)
        #expect((datagram != nil) == (length >= 8))
    }

    @Test(arguments: 0...15 as ClosedRange<UInt8>)
    func `a TCP header is 20 octets or more, and must be there`(words: UInt8) {
        let packet = BuiltPacket().carryingUnfinished(BuiltTCP(payload: [UInt8](repeating: 0, count: 20)))
        let segmentation = Segmentation(packet.replacing(at: 32, with: [words << 4]), size: 1)
        let expected: Int? = (5...10).contains(words) ? 20 + Int(words) * 4 : nil
        #expect(segmentation?.headerLength == expected)
    }

    @Test func `what is no packet is no superpacket`() {
        for count in tcp.indices { #expect(Segmentation(Array(tcp.prefix(count)), size: 1) == nil, "\(count)") }
        #expect(Segmentation(tcp.replacing(at: 0, with: [0x65]), size: 1) == nil)
    }

    @Test func `resized, it is the same superpacket in other segments`() throws {
        let tcp = BuiltTCP(sequence: 0xffff_ff00, flags: 0x99, payload: Array(0...255) + Array(0...99))
        let packet = BuiltPacket(identification: 500, options: hex("01 01 01 00"))
        let whole = packet.carryingUnfinished(tcp)
        let segmentation = try #require(Segmentation(whole, size: 100))
        for size in 1...400 {
            let resized = segmentation.resized(to: size)
            if resized != Segmentation(whole, size: size) { Issue.record("\(size)") }
        }
        #expect(segmentation.resized(to: 57).packets(of: whole) == segments(of: packet, tcp, size: 57))
        #expect(segmentation.resized(to: 57).resized(to: 100) == segmentation)
    }

    @Test func `resizing to nothing, and room for less than the headers, trap`() async {
        await #expect(processExitsWith: .failure) {
            let packet = BuiltPacket().carryingUnfinished(BuiltTCP(payload: [1, 2, 3]))
            _ = Segmentation(packet, size: 1)?.resized(to: 0)
        }
        await #expect(processExitsWith: .failure) {
            let packet = BuiltPacket().carryingUnfinished(BuiltTCP(payload: [1, 2, 3]))
            guard let segmentation = Segmentation(packet, size: 1) else { return }
            var head = [UInt8](repeating: 0, count: 59)
            changing(&head) { segmentation.write(0, of: packet.octets, to: &$0, at: 20) }
        }
    }
}
