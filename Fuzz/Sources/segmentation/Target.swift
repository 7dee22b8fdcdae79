// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Wire

/// The segments of whatever superpacket are those that a naive reference makes.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe withInput(start, count) { input in
        let scenario = Scenario(input)
        let size = Int(scenario.word(0) % 2_000)
        guard let segmentation = Segmentation(scenario.packet.octets, size: size) else { return }
        guard let packet = try? IPv4Packet(scenario.packet.octets) else { return always(false, "it is a packet") }
        let superpacket = Array(scenario.packet[..<packet.totalLength])
        let expected = reference(superpacket, packet.headerLength, size)
        always(segmentation.count == expected.count, "as many segments")
        always(segmentation.longestLength == expected.map(\.count).max(), "the longest of them")
        for (index, segment) in expected.enumerated() {
            always(made(index, by: segmentation, of: superpacket) == segment, "segment \(index)")
        }
    }
}

private func made(_ index: Int, by segmentation: Segmentation, of superpacket: [UInt8]) -> [UInt8] {
    var head = [UInt8](repeating: 0xa5, count: 3 + segmentation.headerLength)
    var elements = head.mutableSpan
    var span = unsafe elements.mutableBytes
    segmentation.write(index, of: superpacket.octets, to: &span, at: 3)
    return Array(head[3...]) + superpacket[segmentation.body(index)]
}

/// RFC 791, RFC 9293 and RFC 768, as slowly as one can.
private func reference(_ superpacket: [UInt8], _ networkLength: Int, _ size: Int) -> [[UInt8]] {
    let isTCP = superpacket[9] == 6
    let headerLength = networkLength + (isTCP ? Int(superpacket[networkLength + 12] >> 4) * 4 : 8)
    var rest = superpacket[headerLength...]
    var segments: [[UInt8]] = []
    repeat {
        let payload = rest.prefix(size)
        rest = rest.dropFirst(size)
        var segment = superpacket[..<headerLength] + payload
        put(UInt32(segment.count), 2, at: 2, in: &segment)
        put(UInt32(word(superpacket, at: 4)) + UInt32(segments.count), 2, at: 4, in: &segment)
        if isTCP {
            let sequence =
                UInt32(word(superpacket, at: networkLength + 4)) << 16
                | UInt32(word(superpacket, at: networkLength + 6))
            put(sequence &+ UInt32(truncatingIfNeeded: segments.count * size), 4, at: networkLength + 4, in: &segment)
            if !rest.isEmpty { segment[networkLength + 13] &= 0b1111_0110 }
            if !segments.isEmpty { segment[networkLength + 13] &= 0b0111_1111 }
        } else {
            put(UInt32(segment.count - networkLength), 2, at: networkLength + 4, in: &segment)
        }
        finish(&segment, networkLength, field: networkLength + (isTCP ? 16 : 6))
        segments.append(Array(segment))
    } while !rest.isEmpty
    return segments
}

private func finish(_ segment: inout ArraySlice<UInt8>, _ networkLength: Int, field: Int) {
    put(0, 2, at: 10, in: &segment)
    put(UInt32(~naiveSum(segment[..<networkLength])), 2, at: 10, in: &segment)
    put(0, 2, at: field, in: &segment)
    let sum = ~naiveSum(naiveSum(segment[networkLength...]), naivePseudoHeaderSum(Array(segment)))
    put(sum == 0 ? 0xffff : UInt32(sum), 2, at: field, in: &segment)
}

/// Writes the lowest `count` octets of a number.
private func put(_ value: UInt32, _ count: Int, at offset: Int, in octets: inout ArraySlice<UInt8>) {
    for place in 0..<count {
        octets[offset + place] = UInt8(truncatingIfNeeded: value >> UInt32(8 * (count - 1 - place)))
    }
}
