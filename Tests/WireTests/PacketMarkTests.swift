// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing
import Wire

@Suite struct PacketMarkTests {
    @Test(
        arguments: [
            ("0x1994/0xffff", 0x1994, 0xffff), ("6548/65535", 0x1994, 0xffff), ("0X7/0X7", 7, 7), ("7", 7, UInt32.max),
            ("0/0xff", 0, 0xff), ("0xffffffff", .max, .max), ("0xABCD/0xabcd", 0xabcd, 0xabcd),
        ] as [(String, UInt32, UInt32)])
    func `a mark is read with its mask, or else is for all bits`(text: String, value: UInt32, mask: UInt32) throws {
        let read = try #require(PacketMark(text))
        #expect(read == PacketMark(value, mask: mask))
        #expect(PacketMark(read.description) == read)
        #expect(try JSONDecoder().decode([PacketMark].self, from: JSONEncoder().encode([read])) == [read])
    }

    @Test(arguments: [
        "", "/", "7/", "/7", "1/2/3", "0x", "0xg", "-1", "+1", "7 ", "4294967296", "0x100000000", "8/7", "auto", "0x-1",
    ]) func `what is no mark, or has bits beside its mask, is none`(text: String) {
        #expect(PacketMark(text) == nil)
    }

    @Test func `a packet carries it where the bits of the mask are the same`() throws {
        let mark = PacketMark.standard
        #expect(mark.fits(0x1994) && mark.fits(0xab_5994))
        #expect(!mark.fits(0) && !mark.fits(0x1995))
        #expect(mark.none.fits(0xab_0000) && !mark.none.fits(0x1994))
    }

    @Test(arguments: [
        ("0x4/0x7", true), ("0x1994", true), ("0x40000/0xff0000", true), ("0x5/0x7", false), ("0x1995/0xffff", false),
        ("0/0x3fff", false), ("0/0x8000", true),
    ]) func `two marks meet where a packet can carry both`(text: String, meets: Bool) throws {
        let other = try #require(PacketMark(text))
        #expect(PacketMark.standard.meets(other) == meets)
        #expect(other.meets(.standard) == meets)
    }

    @Test func `no two of the marks that are chosen by themselves meet`() {
        let marks = PacketMark.automatic
        #expect(marks.first == .standard)
        #expect(Set(marks.map(\.value)).count == marks.count)
        #expect(marks.allSatisfy { $0.mask == PacketMark.standardMask && $0.value & ~$0.mask == 0 })
    }
}
