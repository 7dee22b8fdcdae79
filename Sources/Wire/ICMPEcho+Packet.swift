// SPDX-License-Identifier: Apache-2.0

extension ICMPEcho {
    /// The message in an IPv4 packet of its own: DF set, standard TTL, no options.
    package func packet(from source: IPv4Address, to destination: IPv4Address) -> [UInt8] {
        let message = message
        let length = UInt16(IPv4Packet.minimumHeaderLength + message.count)
        var header: [UInt8] = [0x45, 0] + ICMPEcho.octets(length) + [0, 0, 0x40, 0]
        header += [TTL.standard.rawValue, IPProtocol.icmp.rawValue, 0, 0]
        for address in [source, destination] {
            header +=
                ICMPEcho.octets(UInt16(address.rawValue >> 16))
                + ICMPEcho.octets(UInt16(truncatingIfNeeded: address.rawValue))
        }
        var checksum = Checksum()
        checksum.add(header.octets)
        header.replaceSubrange(10..<12, with: ICMPEcho.octets(checksum.value))
        return header + message
    }
}
