// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// What TCP and UDP tests need to make packets.
extension TestPacket {
    /// The octets that are summed before the payload, given its length.
    var pseudoHeader: [UInt8] {
        source.octets + destination.octets + [0, carried.rawValue] + UInt16(payload.count).octets
    }

    /// Where the checksum field stands in the transport header.
    private var checksumField: Range<Int> { carried == .tcp ? 16..<18 : 6..<8 }

    /// The same packet with a right transport checksum.
    func summed() -> TestPacket {
        with { packet in
            packet.payload.replaceSubrange(checksumField, with: [0, 0])
            packet.payload.replaceSubrange(checksumField, with: (~naiveSum(pseudoHeader + packet.payload)).octets)
        }
    }

    /// The same packet as the kernel leaves it for hardware to finish: only the pseudo-header is summed.
    func unfinished() -> TestPacket {
        with { packet in packet.payload.replaceSubrange(checksumField, with: naiveSum(pseudoHeader).octets) }
    }

    /// What the kernel says of an unfinished packet.
    var partial: ChecksumState {
        .partial(start: UInt16(20 + options.count), offset: UInt16(checksumField.lowerBound))
    }

    /// The beginning of a connection, whose other end is to send segments of `size` octets at most.
    static func syn(maximumSegmentSize size: UInt16, from source: IPv4Address, to destination: IPv4Address)
        -> TestPacket
    {
        let segment = hex(
            """
            c0 01 00 50              # ports 49153, 80
            00 00 00 01 00 00 00 00  # sequence number 1
            60 02 ff ff              # 6 words, SYN, window
            00 00 00 00              # checksum, urgent
            02 04                    # maximum segment size:
            """)
        return TestPacket(
            fragment: 0x4000, carried: .tcp, source: source, destination: destination, payload: segment + size.octets
        ).summed()
    }

    /// A TCP packet of `length` octets altogether, from us to the first peer: a superpacket when it is cut.
    static func stream(length: Int, fragment: UInt16 = 0x4000) -> TestPacket {
        TestPacket(fragment: fragment, carried: .tcp, source: Example.ours, destination: Example.firsts)
            .sized(length).with { packet in
                // Sequence number 1000; 5 words, ACK and PSH.
                packet.payload.replaceSubrange(4..<8, with: hex("00 00 03 e8"))
                packet.payload.replaceSubrange(12..<14, with: hex("50 18"))
            }.unfinished()
    }

    /// A UDP packet of `length` octets altogether, from us to the first peer.
    static func datagrams(length: Int, fragment: UInt16 = 0x4000) -> TestPacket {
        TestPacket(fragment: fragment, source: Example.ours, destination: Example.firsts)
            .sized(length).with { $0.payload.replaceSubrange(4..<6, with: UInt16(length - 20).octets) }.unfinished()
    }
}

/// The maximum segment size in a packet that ``TestPacket/syn(maximumSegmentSize:from:to:)`` made.
func maximumSegmentSize(in packet: [UInt8]) -> Int { Int(packet[42]) << 8 | Int(packet[43]) }

/// Whether the transport checksum of an IPv4 packet without options is right.
func hasRightTransportChecksum(_ packet: [UInt8]) -> Bool {
    let length = UInt16(packet.count - 20)
    return naiveSum(packet[12..<20] + [0, packet[9]] + length.octets + packet[20...]) == 0xffff
}
