// SPDX-License-Identifier: Apache-2.0

/// Hands the input of one execution to `body`. What libFuzzer lends is an allocation of exactly this size, so that
/// AddressSanitizer sees a read beyond it.
/// - Returns: what libFuzzer wants to hear: 0, the input may be kept.
@unsafe public func withInput(
    _ start: UnsafePointer<UInt8>?, _ count: Int, _ body: (RawSpan) -> Void
) -> CInt {
    unsafe body(UnsafeRawBufferPointer(start: start, count: count).bytes)
    return 0
}

/// A copy of the octets of a span.
public func octets(_ span: RawSpan) -> [UInt8] { unsafe span.withUnsafeBytes { unsafe Array($0) } }

/// An input that is a packet and, behind it, a few octets that choose the circumstances.
///
/// They stand behind so that captured packets can be seeds, and so that a longer packet does not move them.
public struct Scenario {
    /// The packet, all of it.
    public private(set) var packet: [UInt8]
    private let choices: [UInt8]

    /// How many octets choose the circumstances.
    public static let choiceCount = 8

    /// Takes an input apart. One that is too short is a packet without choices, which are then zero.
    public init(_ input: RawSpan) {
        let octets = FuzzSupport.octets(input)
        let count = octets.count < Scenario.choiceCount ? 0 : Scenario.choiceCount
        packet = Array(octets.dropLast(count))
        choices = octets.suffix(count) + [UInt8](repeating: 0, count: Scenario.choiceCount - count)
    }

    /// A choice of 256.
    public func octet(_ index: Int) -> UInt8 { choices[index] }

    /// A choice of 65,536, which takes two octets.
    public func word(_ index: Int) -> UInt16 { UInt16(choices[index]) << 8 | UInt16(choices[index + 1]) }

    /// Gives the IPv4 header at `offset` of the packet the checksum that fits, if there is one: no fuzzer finds it.
    public mutating func repairHeader(at offset: Int) {
        guard offset >= 0, offset + 20 <= packet.count else { return }
        let end = offset + Int(packet[offset] & 0xf) * 4
        guard end >= offset + 20, end <= packet.count else { return }
        (packet[offset + 10], packet[offset + 11]) = (0, 0)
        let checksum = ~naiveSum(packet[offset..<end])
        (packet[offset + 10], packet[offset + 11]) = (UInt8(checksum >> 8), UInt8(checksum & 0xff))
    }
}
