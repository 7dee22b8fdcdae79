// SPDX-License-Identifier: Apache-2.0

public import Wire

/// What the rules need to know about the packet that came from the network.
public struct OuterPacket: Equatable, Sendable {
    /// Who says to have sent it.
    public let source: IPv4Address
    /// Which of our addresses it was sent to.
    public let destination: IPv4Address
    /// What routers had to say about congestion.
    public let ecn: ECN
    /// How many more routers it might have crossed.
    public let ttl: UInt8
    /// Whether this is only a part of one.
    public let isFragment: Bool
    /// Where the inner packet stands, octets from the start of the outer one.
    public let payload: Range<Int>

    /// Reads what a raw socket gave us: the kernel has verified the header and put fragments together.
    ///
    /// The payload follows the header *length*, since options are possible, and ends with the total length.
    /// - Throws: ``Drop/outerMalformed``.
    public init(_ bytes: RawSpan) throws(Drop) {
        let view: IPv4Packet
        do throws(IPv4Packet.Malformed) {
            view = try IPv4Packet(bytes)
        } catch {
            throw .outerMalformed
        }
        guard view.protocolNumber == .ipip else { throw .outerMalformed }
        source = view.source
        destination = view.destination
        ecn = view.ecn
        ttl = view.ttl
        isFragment = view.isFragment
        payload = view.payloadRange
    }
}
