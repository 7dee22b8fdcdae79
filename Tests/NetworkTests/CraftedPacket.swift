// SPDX-License-Identifier: Apache-2.0

import Wire

/// An IPv4 packet that is put together field by field, right unless something wrong is asked for.
struct CraftedPacket {
    var version: UInt8 = 4
    /// Length of the header in words of four octets, as the header says.
    var headerWords: UInt8 = 5
    var identification: UInt16 = 1
    var dontFragment = false
    var ttl: UInt8 = 64
    var number: UInt8
    let source: IPv4Address
    let destination: IPv4Address
    /// What the header says, if not what is so.
    var totalLength: UInt16?
    var checksum: UInt16?
    var payload: [UInt8]

    init(_ source: String, _ destination: String, _ number: UInt8, _ payload: [UInt8] = []) {
        (self.source, self.destination) = (
            IPv4Address(source) ?? .unspecified, IPv4Address(destination) ?? .unspecified
        )
        (self.number, self.payload) = (number, payload)
    }

    /// An echo request.
    static func echo(_ source: String, _ destination: String, data: [UInt8] = []) -> CraftedPacket {
        let request = ICMPEcho(.request, identifier: 0, sequence: 0, payload: data)
        return CraftedPacket(source, destination, 1, request.message)
    }

    /// A datagram from port 53 to `port`, without a checksum.
    static func datagram(_ source: String, _ destination: String, port: UInt16) -> CraftedPacket {
        CraftedPacket(source, destination, 17, [0, 53, UInt8(port >> 8), UInt8(port & 0xff), 0, 8, 0, 0])
    }

    /// An ICMP error about a packet, of which it quotes 548 octets at most.
    static func error(
        _ source: String, _ destination: String, _ type: UInt8, _ code: UInt8, nextHopMTU: UInt16 = 0,
        about quoted: [UInt8]
    ) -> CraftedPacket {
        let rest = [0, 0, UInt8(nextHopMTU >> 8), UInt8(nextHopMTU & 0xff)]
        let sum = Self.sum([type, code, 0, 0] + rest + quoted.prefix(548))
        let message = [type, code, UInt8(sum >> 8), UInt8(sum & 0xff)] + rest + quoted.prefix(548)
        return CraftedPacket(source, destination, 1, message)
    }

    /// Octets, or another packet, as what protocol 4 carries.
    static func outer(_ source: String, _ destination: String, _ inner: [UInt8]) -> CraftedPacket {
        CraftedPacket(source, destination, 4, inner)
    }

    /// The same from the left host of a pair to the right one.
    static func outer(_ inner: [UInt8]) -> CraftedPacket { outer("192.0.2.1", "192.0.2.2", inner) }

    /// A copy in which some fields are others.
    func with(_ change: (inout CraftedPacket) -> Void) -> CraftedPacket {
        var copy = self
        change(&copy)
        return copy
    }

    /// The packet, in network byte order.
    var octets: [UInt8] {
        let length = totalLength ?? UInt16(20 + payload.count)
        var header: [UInt8] = [version << 4 | headerWords, 0, UInt8(length >> 8), UInt8(length & 0xff)]
        header += [UInt8(identification >> 8), UInt8(identification & 0xff), dontFragment ? 0x40 : 0, 0]
        header += [ttl, number, 0, 0]
        for address in [source, destination] {
            header += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: address.rawValue >> $0) }
        }
        let sum = checksum ?? Self.sum(header)
        (header[10], header[11]) = (UInt8(sum >> 8), UInt8(sum & 0xff))
        return header + payload
    }

    private static func sum(_ octets: [UInt8]) -> UInt16 {
        var checksum = Checksum()
        unsafe checksum.add(octets.span.bytes)
        return checksum.value
    }
}
