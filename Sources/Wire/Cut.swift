// SPDX-License-Identifier: Apache-2.0

/// Into how many outer packets a slot goes, and where each ends: what the rules decide and the sink renders.
///
/// An outer packet is a head that is written for it, followed by a part of the slot that is not touched. So nothing of the
/// payload is ever copied, and any number of outer packets needs no more memory than one.
public enum Cut: Equatable, Sendable {
    /// One outer packet around all of it.
    case whole
    /// The segments of a superpacket, each in an outer packet of its own.
    case segments(Segmentation)
    /// Fragments of the inner packet, each in an outer packet of its own: the inner destination puts them together.
    case fragments(Fragmentation)
    /// Fragments of the outer packet, of at most `limit` octets each: the peer puts them together.
    case outerFragments(limit: Int)

    /// The longest head: the outer header, and IP and TCP headers with all options.
    public static let maximumHeadLength = OuterHeader.length + 60 + 60

    /// How many outer packets there are for a slot of `length` octets.
    public func count(length: Int) -> Int {
        switch self {
        case .whole: 1
        case .segments(let segmentation): segmentation.count
        case .fragments(let fragmentation): fragmentation.count
        case .outerFragments(let limit):
            max(1, (length + Cut.outerPayload(limit) - 1) / Cut.outerPayload(limit))
        }
    }

    /// Whether the outer packets are parts of one, which their identification says.
    public var sharesIdentification: Bool {
        if case .outerFragments = self { true } else { false }
    }

    /// Octets of payload in each outer fragment but the last, a multiple of 8. RFC 791 §3.2 wants every link to take 68.
    private static func outerPayload(_ limit: Int) -> Int {
        (min(max(limit, 68), IPv4Packet.maximumLength) - OuterHeader.length) / 8 * 8
    }

    /// Writes the head of outer packet `index` for `packet`, and says where in `packet` the rest of it stands.
    ///
    /// `identification` is written where DF is clear. Traps when there is no room for the head; ``maximumHeadLength`` octets always suffice.
    @_lifetime(head: copy head)
    public func write(
        _ index: Int, of packet: RawSpan, under fields: OuterFields, identification: UInt16,
        to head: inout MutableRawSpan
    ) -> (headLength: Int, body: Range<Int>) {
        var outer = OuterHeader(fields, identification: identification)
        let body: Range<Int>
        var innerLength = 0
        switch self {
        case .whole: body = 0..<packet.byteCount
        case .segments(let segmentation):
            segmentation.write(index, of: packet, to: &head, at: OuterHeader.length)
            body = segmentation.body(index)
            innerLength = segmentation.headerLength
        case .fragments(let fragmentation):
            fragmentation.write(index, of: packet, to: &head, at: OuterHeader.length)
            body = fragmentation.body(index)
            innerLength = fragmentation.headLength
        case .outerFragments(let limit):
            let size = Cut.outerPayload(limit)
            body = index * size..<min((index + 1) * size, packet.byteCount)
            outer.fragmentOffset = body.lowerBound
            outer.moreFragments = body.upperBound < packet.byteCount
        }
        outer.write(payloadLength: innerLength + body.count, to: &head)
        return (OuterHeader.length + innerLength, body)
    }
}
