// SPDX-License-Identifier: Apache-2.0

/// The Internet checksum: the complement of the one's complement sum of 16-bit words (RFC 1071).
///
/// Octets are summed in the machine's own order, eight 32-bit words at a time, and swapped once at the end: the sum does
/// not care about byte order (RFC 1071 §2 (B)), nor how wide the words are (§2 (C)).
public struct Checksum: Sendable {
    private var sum: UInt64 = 0

    /// The sum of nothing.
    public init() {}

    /// Adds octets that start at an even offset of what is summed. An odd last octet counts as if a zero followed it.
    ///
    /// With a 64-bit sum of 32-bit words, 16 GiB have to be added before it could overflow.
    public mutating func add(_ bytes: RawSpan) {
        var offset = 0
        let count = bytes.byteCount
        if count >= 32 {
            var lanes = SIMD8<UInt64>()
            while count - offset >= 32 {
                // SAFETY: offset + 32 <= count; every bit pattern is a vector of UInt32.
                let words = unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: SIMD8<UInt32>.self)
                lanes &+= SIMD8<UInt64>(truncatingIfNeeded: words)
                offset += 32
            }
            sum &+= lanes.wrappedSum()
        }
        while count - offset >= 4 {
            // SAFETY: offset + 4 <= count; every bit pattern is a UInt32.
            sum &+= UInt64(unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
            offset += 4
        }
        if count - offset >= 2 {
            // SAFETY: offset + 2 <= count; every bit pattern is a UInt16.
            sum &+= UInt64(unsafe bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt16.self))
            offset += 2
        }
        if offset < count { add(UInt16(bytes.octet(at: offset)) << 8) }
    }

    /// Adds one 16-bit word, given in host byte order.
    public mutating func add(_ word: UInt16) { sum &+= UInt64(word.bigEndian) }

    /// Adds the four octets of an address.
    public mutating func add(_ address: IPv4Address) { sum &+= UInt64(address.rawValue.bigEndian) }

    /// The pseudo-header that TCP (RFC 9293 §3.1) and UDP (RFC 768) sum before their own octets. `length` in octets.
    public init(pseudoHeaderFrom source: IPv4Address, to destination: IPv4Address, of carried: IPProtocol, length: Int)
    {
        add(source)
        add(destination)
        add(UInt16(carried.rawValue))
        add(UInt16(truncatingIfNeeded: length))
    }

    /// The checksum, host byte order: what belongs into the field, or 0 when the field was summed too and is right.
    public var value: UInt16 { ~folded }

    /// The sum itself, not complemented, host byte order: what a partially checksummed packet carries in its field.
    public var folded: UInt16 {
        var value = sum
        while value >> 16 != 0 { value = value & 0xffff &+ value >> 16 }
        return UInt16(bigEndian: UInt16(truncatingIfNeeded: value))
    }

    /// The checksum after one covered word changed from `old` to `new` (RFC 1624 §3, equation 3).
    ///
    /// A checksum that was wrong before is wrong by the same amount after: corruption stays visible.
    public static func updated(_ checksum: UInt16, replacing old: UInt16, with new: UInt16) -> UInt16 {
        var sum = UInt32(~checksum) + UInt32(~old) + UInt32(new)
        sum = sum & 0xffff + sum >> 16
        sum = sum & 0xffff + sum >> 16
        return ~UInt16(truncatingIfNeeded: sum)
    }
}
