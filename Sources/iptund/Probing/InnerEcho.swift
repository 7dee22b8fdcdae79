// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// An inner packet that we make ourselves.
enum InnerEcho {
    /// An IPv4 packet around `echo`, with DF and all checksums.
    static func packet(_ echo: ICMPEcho, from source: IPv4Address, to destination: IPv4Address) -> [UInt8] {
        let message = echo.message
        let length = IPv4Packet.minimumHeaderLength + message.count
        var header: [UInt8] = [
            0x45, 0, UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length), 0, 0, 0x40, 0,
            TTL.standard.rawValue, IPProtocol.icmp.rawValue, 0, 0,
        ]
        for address in [source, destination] {
            header += [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: address.rawValue >> $0) }
        }
        var checksum = Checksum()
        checksum.add(header.octets)
        header[10] = UInt8(checksum.value >> 8)
        header[11] = UInt8(truncatingIfNeeded: checksum.value)
        return header + message
    }
}

extension ICMPEcho {
    /// What answers this.
    var reply: ICMPEcho {
        var reply = self
        reply.kind = .reply
        return reply
    }
}
