// SPDX-License-Identifier: Apache-2.0

/// An IPv4 packet, put together field by field: nothing here comes from the code under test.
struct BuiltPacket {
    var trafficClass: UInt8 = 0
    var identification: UInt16 = 0
    /// Flags, and the offset in units of 8 octets.
    var fragment: UInt16 = 0
    var ttl: UInt8 = 64
    var carried: UInt8 = 17
    var source: [UInt8] = [192, 0, 2, 1]
    var destination: [UInt8] = [198, 51, 100, 2]
    /// A multiple of 4 octets.
    var options: [UInt8] = []
    var payload: [UInt8] = []

    /// The packet, with a header checksum that is right.
    var bytes: [UInt8] {
        let headerLength = 20 + options.count
        var header = [0x40 | UInt8(headerLength / 4), trafficClass]
        header += [UInt8](word: UInt16(headerLength + payload.count)) + [UInt8](word: identification)
        header += [UInt8](word: fragment) + [ttl, carried, 0, 0] + source + destination + options
        header.setWord(~naiveSum(header), at: 10)
        return header + payload
    }

    /// The packet around a TCP segment or UDP datagram, both checksums right.
    func carrying(_ transport: some BuiltTransport) -> [UInt8] {
        var packet = self
        packet.carried = transport.number
        packet.payload = transport.bytes
        let checksum = ~(packet.bytes.transportSum)
        packet.payload.setWord(checksum == 0 ? 0xffff : checksum, at: transport.checksumField)
        return packet.bytes
    }

    /// The packet around a superpacket, whose checksum field holds the sum of the pseudo-header, as the kernel leaves it.
    func carryingUnfinished(_ transport: some BuiltTransport) -> [UInt8] {
        var packet = self
        packet.carried = transport.number
        packet.payload = transport.bytes
        packet.payload.setWord(naiveSum(packet.bytes.pseudoHeader), at: transport.checksumField)
        return packet.bytes
    }
}

/// What a segmentable packet carries; its checksum field is zero.
protocol BuiltTransport {
    var number: UInt8 { get }
    var checksumField: Int { get }
    var bytes: [UInt8] { get }
}

/// A TCP segment from port 12345 to port 80 (RFC 9293 §3.1).
struct BuiltTCP: BuiltTransport {
    var sequence: UInt32 = 1
    var acknowledgement: UInt32 = 1
    var flags: UInt8 = 0x10
    /// A multiple of 4 octets.
    var options: [UInt8] = []
    var payload: [UInt8] = []

    var number: UInt8 { 6 }
    var checksumField: Int { 16 }
    var bytes: [UInt8] {
        hex("30 39 00 50") + [UInt8](word: UInt16(sequence >> 16)) + [UInt8](word: UInt16(sequence & 0xffff))
            + [UInt8](word: UInt16(acknowledgement >> 16)) + [UInt8](word: UInt16(acknowledgement & 0xffff))
            + [UInt8((20 + options.count) / 4) << 4, flags] + hex("ff ff  00 00  00 00") + options + payload
    }
}

/// A UDP datagram from port 12345 to port 53 (RFC 768).
struct BuiltUDP: BuiltTransport {
    var payload: [UInt8] = []

    var number: UInt8 { 17 }
    var checksumField: Int { 6 }
    var bytes: [UInt8] { hex("30 39 00 35") + [UInt8](word: UInt16(8 + payload.count)) + [0, 0] + payload }
}

/// What an array that holds exactly one IPv4 packet says.
extension [UInt8] {
    /// Octets of the IP header.
    var headerLength: Int { Int(self[0] & 0xf) * 4 }
    /// What follows the IP header.
    var payload: [UInt8] { Array(self[headerLength...]) }
    /// The sum over the IP header: 0xffff when its checksum is right.
    var headerSum: UInt16 { naiveSum(self[..<headerLength]) }
    /// Source, destination, protocol and length, as TCP and UDP sum them.
    var pseudoHeader: [UInt8] { Array(self[12..<20]) + [0, self[9]] + [UInt8](word: UInt16(count - headerLength)) }
    /// The sum over pseudo-header, transport header and payload: 0xffff when the transport checksum is right.
    var transportSum: UInt16 { naiveSum(pseudoHeader + payload) }
}
