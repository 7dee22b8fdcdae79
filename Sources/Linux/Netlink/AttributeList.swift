// SPDX-License-Identifier: Apache-2.0

/// Attributes of netlink that were copied out of a message: two octets of length, two of type, both in this machine's order,
/// then so many less four, padded to a multiple of four.
struct AttributeList {
    /// In the order in which they stand; what is not whole is left out.
    private(set) var attributes: [(type: UInt16, octets: [UInt8])] = []

    /// Reads the content of a nest.
    init(_ octets: [UInt8]) {
        var start = 0
        while start + 4 <= octets.count {
            let (length, type) = (Int(Self.number(octets, at: start)), Self.number(octets, at: start + 2) & 0x3fff)
            guard length >= 4, start + length <= octets.count else { return }
            attributes.append((type, Array(octets[start + 4..<start + length])))
            start += (length + 3) & ~3
        }
    }

    /// The content of the first attribute of this type; `nil` if there is none.
    subscript(_ type: some BinaryInteger) -> [UInt8]? {
        attributes.first { $0.type == UInt16(truncatingIfNeeded: type) }?.octets
    }

    private static func number(_ octets: [UInt8], at index: Int) -> UInt16 {
        // SAFETY: two octets are there, as both callers have just looked.
        unsafe octets.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: index, as: UInt16.self) }
    }
}
