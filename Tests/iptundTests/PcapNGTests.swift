// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import iptund

/// The octets of a capture file, as draft-ietf-opsawg-pcapng has them.
@Suite struct PcapNGTests {
    @Test func `a section says who wrote it`() {
        #expect(
            PcapNG.sectionHeader(hardware: "x86", system: "Linux", application: "iptund 1") == [
                0x0a, 0x0d, 0x0d, 0x0a, 64, 0, 0, 0,  // type, length
                0x4d, 0x3c, 0x2b, 0x1a, 1, 0, 0, 0,  // byte order, version 1.0
                0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // length of the section: not known
                2, 0, 3, 0, 0x78, 0x38, 0x36, 0,  // shb_hardware, padded
                3, 0, 5, 0, 0x4c, 0x69, 0x6e, 0x75, 0x78, 0, 0, 0,  // shb_os
                4, 0, 8, 0, 0x69, 0x70, 0x74, 0x75, 0x6e, 0x64, 0x20, 0x31,  // shb_userappl
                0, 0, 0, 0, 64, 0, 0, 0,  // opt_endofopt, length again
            ])
    }

    @Test func `an interface has raw IP, and microseconds`() {
        #expect(
            PcapNG.interface(named: "outer", description: "b", snapLength: 96) == [
                1, 0, 0, 0, 52, 0, 0, 0,  // type, length
                101, 0, 0, 0, 96, 0, 0, 0,  // LINKTYPE_RAW, snap length
                2, 0, 5, 0, 0x6f, 0x75, 0x74, 0x65, 0x72, 0, 0, 0,  // if_name
                3, 0, 1, 0, 0x62, 0, 0, 0,  // if_description
                9, 0, 1, 0, 6, 0, 0, 0,  // if_tsresol: 10^-6
                0, 0, 0, 0, 52, 0, 0, 0,
            ])
    }

    @Test func `a packet has its lengths, which way it went, what is missing before it, and a comment`() {
        let block = PcapNG.packet(
            on: 1, at: 0x0102_0304_0506_0708, [0x45, 0, 0], length: 1_500, way: .outbound, lost: 7, comment: "why")
        #expect(
            block == [
                6, 0, 0, 0, 68, 0, 0, 0,  // type, length
                1, 0, 0, 0,  // interface
                4, 3, 2, 1, 8, 7, 6, 5,  // time: upper half, lower half
                3, 0, 0, 0, 0xdc, 5, 0, 0,  // kept, original
                0x45, 0, 0, 0,
                1, 0, 3, 0, 0x77, 0x68, 0x79, 0,  // opt_comment
                2, 0, 4, 0, 2, 0, 0, 0,  // epb_flags: outbound
                4, 0, 8, 0, 7, 0, 0, 0, 0, 0, 0, 0,  // epb_dropcount
                0, 0, 0, 0, 68, 0, 0, 0,
            ])
    }

    @Test func `the statistics of an interface`() {
        #expect(
            PcapNG.statistics(of: 0, from: 1, to: 2, received: 3, lost: 4) == [
                5, 0, 0, 0, 76, 0, 0, 0,  // type, length
                0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0,  // interface, time
                2, 0, 8, 0, 0, 0, 0, 0, 1, 0, 0, 0,  // isb_starttime
                3, 0, 8, 0, 0, 0, 0, 0, 2, 0, 0, 0,  // isb_endtime
                4, 0, 8, 0, 3, 0, 0, 0, 0, 0, 0, 0,  // isb_ifrecv
                5, 0, 8, 0, 4, 0, 0, 0, 0, 0, 0, 0,  // isb_ifdrop
                0, 0, 0, 0, 76, 0, 0, 0,
            ])
    }

    /// The interface, and the number of lost packets before it, of each packet in `file`.
    private static func packets(_ file: [UInt8]) -> [(interface: UInt8, octets: [UInt8])] {
        var (packets, place): ([(UInt8, [UInt8])], Int) = ([], 0)
        while place < file.count {
            let length = Int(file[place + 4]) | Int(file[place + 5]) << 8
            let kept = Int(file[place + 20])
            if file[place] == 6 { packets.append((file[place + 8], Array(file[(place + 28)...].prefix(kept)))) }
            place += length
        }
        return packets
    }

    @Test func `what went out is inside before it is outside, what came in the other way round, what was dropped once`()
    {
        let inner = packet(.udp, from: IPv4Address(10, 0, 0, 1), to: IPv4Address(10, 0, 0, 2))
        let outer = packet(.ipip, from: IPv4Address(192, 0, 2, 1), to: IPv4Address(192, 0, 2, 2), payload: inner)
        var unfinished = outer
        (unfinished[10], unfinished[11]) = (0, 0)
        var file = CaptureFile(start: 0)
        var record = PacketRecord.sample(
            came: .init(octets: inner, length: 20), went: .init(octets: unfinished, length: 40))
        let outward = Self.packets(file.blocks(record, lost: 0))
        #expect(outward.map(\.interface) == [0, 1])
        #expect(outward.map(\.octets) == [inner, outer])
        record.direction = .decapsulate
        record.came.octets = outer
        record.went?.octets = inner
        #expect(Self.packets(file.blocks(record, lost: 0)).map(\.interface) == [1, 0])
        (record.drop, record.went) = (.innerSource, nil)
        let dropped = file.blocks(record, lost: 0)
        #expect(Self.packets(dropped).map(\.interface) == [1])
        let text = String(decoding: dropped, as: UTF8.self)
        #expect(text.contains("dropped: inner-source: the inner source is outside of the peer's AllowedIPs"))
    }
}
