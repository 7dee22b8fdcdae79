// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Tunnel
import Wire

/// Every accessor of whatever is taken for a packet, against the octets themselves.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe withInput(start, count) { input in
        do throws(IPv4Packet.Malformed) {
            check(try IPv4Packet(input), octets(input))
        } catch {
            always((try? InnerPacket(input, from: .host)) == nil, "no packet, no inner packet")
            always((try? OuterPacket(input)) == nil, "no packet, no outer packet")
        }
    }
}

private func check(_ packet: borrowing IPv4Packet, _ octets: [UInt8]) {
    always(packet.totalLength == Int(word(octets, at: 2)), "the total length")
    always(packet.headerLength == Int(octets[0] & 0xf) * 4, "the header length")
    always(packet.payloadRange == packet.headerLength..<packet.totalLength, "the payload follows the header")
    always(packet.payload.byteCount == packet.payloadRange.count, "the payload is as long as its range")
    always((packet.trafficClass, packet.ttl) == (octets[1], octets[8]), "traffic class and TTL")
    always(packet.ecn.rawValue == octets[1] & 0b11, "the ECN codepoint")
    always(packet.identification == word(octets, at: 4), "the identification")
    let fragment = word(octets, at: 6)
    always(packet.dontFragment == (fragment & 0x4000 != 0), "DF")
    always(packet.moreFragments == (fragment & 0x2000 != 0), "MF")
    always(packet.fragmentOffset == Int(fragment & 0x1fff) * 8, "the fragment offset")
    always(packet.isFragment == (packet.moreFragments || packet.fragmentOffset > 0), "what a fragment is")
    always(packet.protocolNumber.rawValue == octets[9], "the protocol")
    always(packet.headerChecksum == word(octets, at: 10), "the checksum field")
    let isRight = naiveSum(octets[..<packet.headerLength]) == 0xffff
    always(packet.hasValidHeaderChecksum == isRight, "the header checksum")
    for (offset, address) in [(12, packet.source), (16, packet.destination)] {
        always(UInt16(address.rawValue >> 16) == word(octets, at: offset), "the address at \(offset)")
        always(UInt16(address.rawValue & 0xffff) == word(octets, at: offset + 2), "the address at \(offset)")
        always(IPv4Address(address.description) == address, "an address is read as it was written")
    }
    checkInner(packet, isRight)
    checkOuter(packet)
}

private func checkInner(_ packet: borrowing IPv4Packet, _ isRight: Bool) {
    let fromHost = try? InnerPacket(packet.bytes, from: .host)
    let fromPeer = try? InnerPacket(packet.bytes, from: .peer)
    always((fromHost != nil) == (packet.ttl > 0), "a packet of the host's needs a TTL")
    always(fromPeer == (isRight ? fromHost : nil), "a packet of a peer's needs a checksum too")
    guard let inner = fromHost else { return }
    always(inner.totalLength == packet.totalLength && inner.ttl.rawValue == packet.ttl, "lengths and TTL")
    always((inner.source, inner.destination) == (packet.source, packet.destination), "the addresses")
}

private func checkOuter(_ packet: borrowing IPv4Packet) {
    let outer = try? OuterPacket(packet.bytes)
    always((outer != nil) == (packet.protocolNumber == .ipip), "protocol 4 is what makes an outer packet")
    guard let outer else { return }
    always(outer.payload == packet.payloadRange && outer.isFragment == packet.isFragment, "payload and fragment")
}
