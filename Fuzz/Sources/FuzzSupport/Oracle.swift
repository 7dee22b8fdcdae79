// SPDX-License-Identifier: Apache-2.0

/// Ends the execution, and so makes a finding of the input, when what must always hold does not.
public func always(
    _ condition: Bool, _ what: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) {
    if !condition { fatalError("must always hold: \(what())", file: file, line: line) }
}

/// The one's complement sum of 16-bit words as RFC 1071 §1 defines it, and nothing of `Wire`: 0xffff when the checksum
/// was summed too and is right.
@inlinable public func naiveSum(_ octets: some Sequence<UInt8>) -> UInt16 {
    var sum: UInt32 = 0
    var isHigh = true
    for octet in octets {
        sum += isHigh ? UInt32(octet) << 8 : UInt32(octet)
        isHigh.toggle()
        if sum > 0xffff_0000 { sum = sum & 0xffff + sum >> 16 }
    }
    while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
    return UInt16(sum)
}

/// The sum of two sums.
public func naiveSum(_ one: UInt16, _ other: UInt16) -> UInt16 {
    let sum = UInt32(one) + UInt32(other)
    return UInt16(sum & 0xffff + sum >> 16)
}

/// Two octets, most significant first.
public func word(_ octets: [UInt8], at offset: Int) -> UInt16 {
    UInt16(octets[offset]) << 8 | UInt16(octets[offset + 1])
}

/// The sum of the pseudo-header of the TCP or UDP packet that is all of `packet` (RFC 9293 §3.1), folded.
public func naivePseudoHeaderSum(_ packet: [UInt8]) -> UInt16 {
    let length = packet.count - Int(packet[0] & 0xf) * 4
    return naiveSum(packet[12..<20] + [0, packet[9], UInt8(length >> 8), UInt8(length & 0xff)])
}
