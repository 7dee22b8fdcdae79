// SPDX-License-Identifier: Apache-2.0

/// Where the fields of a TCP header stand, octets from its start (RFC 9293 §3.1), and what is in them.
enum TCP {
    static let ports = 0
    static let sequence = 4
    static let acknowledgment = 8
    static let dataOffset = 12
    static let flags = 13
    static let window = 14
    static let checksum = 16
    static let urgentPointer = 18
    /// Octets without options.
    static let headerLength = 20

    static let fin: UInt8 = 0x01
    static let push: UInt8 = 0x08
    static let acknowledge: UInt8 = 0x10
    static let congestionWindowReduced: UInt8 = 0x80

    /// Octets of the header at the start of `bytes`, options included; `nil` when it is not all there.
    static func headerLength(_ bytes: RawSpan) -> Int? {
        guard bytes.byteCount >= headerLength else { return nil }
        let length = Int(bytes.octet(at: dataOffset) >> 4) * 4
        return length >= headerLength && length <= bytes.byteCount ? length : nil
    }
}

/// Where the fields of a UDP header stand, octets from its start (RFC 768).
enum UDP {
    static let ports = 0
    static let length = 4
    static let checksum = 6
    static let headerLength = 8
}
