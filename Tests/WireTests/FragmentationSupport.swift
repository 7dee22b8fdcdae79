// SPDX-License-Identifier: Apache-2.0

import Wire

extension Fragmentation {
    /// `nil` for the same reasons as `init`.
    init?(_ packet: [UInt8], limit: Int) { self.init(packet.octets, limit: limit) }

    /// All the fragments of `packet`.
    func fragments(of packet: [UInt8]) -> [[UInt8]] {
        (0..<count).map { index in
            var head = [UInt8](repeating: 0xaa, count: 4 + headLength + 4)
            changing(&head) { write(index, of: packet.octets, to: &$0, at: 4) }
            precondition(head.prefix(4) + head.suffix(4) == [UInt8](repeating: 0xaa, count: 8)[...])
            return Array(head[4..<4 + headLength]) + packet[body(index)]
        }
    }
}

/// What a receiver makes of fragments (RFC 791 §3.2), octet by octet, whatever the order they come in.
///
/// `nil` when some are missing, overlap, or when none or more than one is the last.
func reassemble(_ fragments: [[UInt8]]) -> [UInt8]? {
    var payload: [Int: UInt8] = [:]
    var end: Int?
    for fragment in fragments {
        let field = fragment.word(at: 6)
        let start = Int(field & 0x1fff) * 8
        for (index, octet) in fragment.payload.enumerated() {
            guard payload.updateValue(octet, forKey: start + index) == nil else { return nil }
        }
        guard field & 0x2000 == 0 else { continue }
        guard end == nil else { return nil }
        end = start + fragment.payload.count
    }
    guard let end, payload.count == end, payload.keys.allSatisfy({ $0 < end }),
        let first = fragments.first(where: { $0.word(at: 6) & 0x1fff == 0 })
    else { return nil }
    var header = Array(first[..<first.headerLength])
    header.setWord(UInt16(header.count + end), at: 2)
    header.setWord(first.word(at: 6) & 0xdfff, at: 6)
    header.setWord(0, at: 10)
    header.setWord(~naiveSum(header), at: 10)
    return header + (0..<end).compactMap { payload[$0] }
}
