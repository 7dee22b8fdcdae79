// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Tunnel
import Wire

/// Whatever arrives from the network is dropped, or is a packet that lies in what arrived, is right, and may be sent.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe withInput(start, count) { input in
        var scenario = Scenario(input)
        if scenario.octet(0) & 1 == 0, let outer = try? OuterPacket(scenario.packet.octets) {
            scenario.repairHeader(at: outer.payload.lowerBound)
        }
        let result = bench.run(scenario.packet, Example.decapsulate)
        always(result.start >= 0 && result.range.upperBound <= scenario.packet.count, "it lies in what arrived")
        if result.drop == nil { check(result, scenario.packet) }
    }
}

private let bench = Bench()

private func check(_ result: Bench.Result, _ arrived: [UInt8]) {
    guard let packet = try? IPv4Packet(result.bytes.octets), let outer = try? OuterPacket(arrived.octets) else {
        return always(false, "both are packets")
    }
    always(outer.payload.contains(result.start) && result.range.upperBound <= outer.payload.upperBound, "the payload")
    always(packet.totalLength == result.bytes.count && packet.ttl > 0, "nothing but the packet, and it may live")
    always(naiveSum(result.bytes[..<packet.headerLength]) == 0xffff, "the header checksum is right")

    always(result.peer == Example.table.peer(at: outer.source) && result.peer != nil, "the peer sent it")
    always(Example.table.peer(owning: packet.source) == result.peer, "the peer may use the source")
    always(packet.source.isUnicast && packet.source != outer.destination, "the source can be one")
    always(result.outer == nil, "there is no other outer packet")

    let before = Array(arrived[result.range])
    let changed = before.indices.filter { before[$0] != result.bytes[$0] }
    always(changed.allSatisfy([1, 10, 11].contains), "only ECN and checksum change: \(changed)")
    always(before[1] & ~0b11 == packet.trafficClass & ~0b11, "DSCP stays")
    checkUnfinished(result, packet)
}

/// What the kernel will be told to do about the packet makes sense to it (Linux, `virtio_net_hdr_to_skb`).
private func checkUnfinished(_ result: Bench.Result, _ packet: borrowing IPv4Packet) {
    guard case .partial(let start, let offset) = result.checksum else {
        return always(result.segmentSize == 0, "only an unfinished packet is cut")
    }
    always(Int(start) == packet.headerLength, "all of the payload is to be summed")
    always(Int(start) + Int(offset) + 2 <= packet.totalLength, "the checksum lies in the packet")
    guard result.segmentSize != 0 else { return }
    always(packet.protocolNumber == .tcp && (1..<Example.mtu).contains(result.segmentSize), "segments of TCP that fit")
}
