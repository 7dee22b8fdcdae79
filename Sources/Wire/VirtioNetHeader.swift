// SPDX-License-Identifier: Apache-2.0

/// What a TUN device opened with IFF_VNET_HDR puts before each packet, and expects before each packet written to it
/// (virtio 1.2 §5.1.6; Linux `struct virtio_net_hdr`).
///
/// ```
/// octet 0      1          2              4              6                8                 10
///       +------+----------+--------------+--------------+----------------+-----------------+
///       |flags | gso type | header length| segment size | checksum start | checksum offset |
///       +------+----------+--------------+--------------+----------------+-----------------+
/// ```
/// Little-endian here: the device is told so (TUNSETVNETLE).
public struct VirtioNetHeader: Equatable, Sendable {
    /// Octets before each packet.
    public static let length = 10

    /// What is left to do about the transport checksum.
    public var checksum: ChecksumState
    /// How a superpacket is to be cut, `none` for an ordinary packet.
    public var segmentation: Segmentation
    /// Payload octets of each segment; 0 for an ordinary packet.
    public var segmentSize: UInt16
    /// Octets of all headers: a hint only.
    public var headerLength: UInt16

    /// What a superpacket consists of (`gso_type`).
    public enum Segmentation: UInt8, CaseIterable, Sendable {
        /// An ordinary packet.
        case none = 0
        /// TCP segments in IPv4.
        case tcp4 = 1
        /// Fragments of one UDP datagram: obsolete.
        case udpFragments = 3
        /// TCP segments in IPv6.
        case tcp6 = 4
        /// UDP datagrams, one per segment.
        case udp = 5
    }

    /// An ordinary packet whose checksum says what it says.
    public init(
        checksum: ChecksumState = .unknown, segmentation: Segmentation = .none, segmentSize: UInt16 = 0,
        headerLength: UInt16 = 0
    ) {
        self.checksum = checksum
        self.segmentation = segmentation
        self.segmentSize = segmentSize
        self.headerLength = headerLength
    }
}

/// What is known about the transport checksum of a packet.
public enum ChecksumState: Equatable, Sendable {
    /// Nobody looked: it is as the sender made it.
    case unknown
    /// Somebody verified it already (VIRTIO_NET_HDR_F_DATA_VALID).
    case valid
    /// Only the pseudo-header is summed (VIRTIO_NET_HDR_F_NEEDS_CSUM): octets from `start` on are still to be added, and
    /// the field stands `offset` octets after `start`.
    case partial(start: UInt16, offset: UInt16)

    /// Whether it is still to be finished.
    public var isPartial: Bool { if case .partial = self { true } else { false } }
}

extension VirtioNetHeader {
    private static let needsChecksum: UInt8 = 1
    private static let dataValid: UInt8 = 2
    private static let ecnFlag: UInt8 = 0x80

    /// Reads the 10 octets at the start of `bytes`.
    ///
    /// `nil` when there are fewer, or when the segmentation is of a kind that nobody asked for.
    public init?(reading bytes: RawSpan) {
        guard bytes.byteCount >= VirtioNetHeader.length,
            let segmentation = Segmentation(rawValue: bytes.octet(at: 1) & ~VirtioNetHeader.ecnFlag)
        else { return nil }
        self.segmentation = segmentation
        headerLength = bytes.uint16(at: 2).byteSwapped
        segmentSize = bytes.uint16(at: 4).byteSwapped
        let flags = bytes.octet(at: 0)
        if flags & VirtioNetHeader.needsChecksum != 0 {
            checksum = .partial(start: bytes.uint16(at: 6).byteSwapped, offset: bytes.uint16(at: 8).byteSwapped)
        } else {
            checksum = flags & VirtioNetHeader.dataValid != 0 ? .valid : .unknown
        }
    }

    /// Writes the 10 octets to the start of `bytes`. Traps when there is less room.
    public func write(to bytes: inout MutableRawSpan) {
        var flags: UInt8 = 0
        var start: UInt16 = 0
        var offset: UInt16 = 0
        switch checksum {
        case .unknown: break
        case .valid: flags = VirtioNetHeader.dataValid
        case .partial(let from, let field): (flags, start, offset) = (VirtioNetHeader.needsChecksum, from, field)
        }
        bytes.store(flags, at: 0)
        bytes.store(segmentation.rawValue, at: 1)
        bytes.store(headerLength.byteSwapped, at: 2)
        bytes.store(segmentSize.byteSwapped, at: 4)
        bytes.store(start.byteSwapped, at: 6)
        bytes.store(offset.byteSwapped, at: 8)
    }
}
