// SPDX-License-Identifier: Apache-2.0

/// Blocks of the capture file format that can say more than packets (draft-ietf-opsawg-pcapng), little-endian.
enum PcapNG {
    /// A value that a block may have, by the number of the draft.
    struct Option {
        let code: UInt16
        let value: [UInt8]

        static func text(_ code: UInt16, _ text: String) -> Option { Option(code: code, value: Array(text.utf8)) }
        static func number(_ code: UInt16, _ number: UInt64) -> Option { Option(code: code, value: octets(number)) }

        /// opt_comment (§3.5).
        static func comment(_ text: String) -> Option { .text(1, text) }
    }

    /// The block that a file begins with (§4.1).
    static func sectionHeader(hardware: String, system: String, application: String) -> [UInt8] {
        // Version 1.0; how long the section is, is not known.
        let fixed = octets(0x1a2b_3c4d as UInt32) + octets(1 as UInt16) + octets(0 as UInt16) + octets(UInt64.max)
        return block(
            0x0a0d_0d0a, fixed, [.text(2, hardware), .text(3, system), .text(4, application)])
    }

    /// An interface whose packets begin with their IP header, stamped with microseconds (§4.2). The first has number 0.
    static func interface(named name: String, description: String, snapLength: Int) -> [UInt8] {
        // LINKTYPE_RAW.
        let fixed = octets(101 as UInt16) + octets(0 as UInt16) + octets(UInt32(snapLength))
        return block(1, fixed, [.text(2, name), .text(3, description), Option(code: 9, value: [6])])
    }

    /// Which way a packet went, seen from the host (§4.3.1, epb_flags).
    enum Way: UInt32 {
        case inbound = 1
        case outbound = 2
    }

    /// A packet of which `octets` were kept (§4.3). `time` in microseconds since 1970; `lost` packets are missing before it.
    static func packet(
        on interface: Int, at time: UInt64, _ octets: [UInt8], length: Int, way: Way, lost: UInt64, comment: String?
    ) -> [UInt8] {
        let fixed =
            self.octets(UInt32(interface)) + halves(time) + self.octets(UInt32(octets.count))
            + self.octets(UInt32(max(length, octets.count))) + padded(octets)
        var options = [Option(code: 2, value: self.octets(way.rawValue))]
        if lost > 0 { options.append(.number(4, lost)) }
        if let comment { options.insert(.comment(comment), at: 0) }
        return block(6, fixed, options)
    }

    /// What was counted while an interface was watched (§4.6). Times in microseconds since 1970.
    static func statistics(
        of interface: Int, from start: UInt64, to end: UInt64, received: UInt64, lost: UInt64
    ) -> [UInt8] {
        block(
            5, octets(UInt32(interface)) + halves(end),
            [
                Option(code: 2, value: halves(start)), Option(code: 3, value: halves(end)), .number(4, received),
                .number(5, lost),
            ])
    }

    private static func block(_ type: UInt32, _ fixed: [UInt8], _ options: [Option]) -> [UInt8] {
        var body = fixed
        for option in options {
            let value = option.value.prefix(Int(UInt16.max))
            body += octets(option.code) + octets(UInt16(value.count)) + padded(Array(value))
        }
        body += octets(0 as UInt32)  // opt_endofopt
        let length = octets(UInt32(body.count + 12))
        return octets(type) + length + body + length
    }

    private static func padded(_ octets: [UInt8]) -> [UInt8] {
        octets + [UInt8](repeating: 0, count: (4 - octets.count % 4) % 4)
    }

    /// A time is two words, the upper one first.
    private static func halves(_ time: UInt64) -> [UInt8] {
        octets(UInt32(truncatingIfNeeded: time >> 32)) + octets(UInt32(truncatingIfNeeded: time))
    }

    private static func octets<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
        (0..<Number.bitWidth / 8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }
}
