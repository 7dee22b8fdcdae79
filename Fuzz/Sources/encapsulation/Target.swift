// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Tunnel
import Wire

/// Whatever is routed into the device is dropped, or goes into outer packets that fit and can be taken apart again.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe withInput(start, count) { input in
        var scenario = Scenario(input)
        if scenario.octet(0) & 0x80 == 0 { scenario.repairHeader(at: 0) }
        let inheritsTTL = scenario.octet(0) & 1 != 0
        let policy = OuterPolicy.FragmentationPolicy.allCases[Int(scenario.octet(0) >> 1) % 3]
        let checksum = checksum(scenario)
        let result = bench.run(scenario.packet) { slot throws(Drop) in
            slot.checksum = checksum
            slot.segmentSize = Int(scenario.word(6) % 2_000)
            try Example.encapsulate(&slot, policy, inheritingTTL: inheritsTTL)
        }
        always(result.start >= 0 && result.range.upperBound <= scenario.packet.count, "it lies in what was routed")
        if result.drop == nil { check(result, scenario.packet, checksum, policy, inheritsTTL) }
    }
}

private let bench = Bench()

private func checksum(_ scenario: Scenario) -> ChecksumState {
    switch scenario.octet(1) % 3 {
    case 0: .unknown
    case 1: .valid
    default: .partial(start: scenario.word(2), offset: scenario.word(4))
    }
}

private func check(
    _ result: Bench.Result, _ routed: [UInt8], _ checksum: ChecksumState, _ policy: OuterPolicy.FragmentationPolicy,
    _ inheritsTTL: Bool
) {
    guard let inner = try? IPv4Packet(result.bytes.octets), let peer = result.peer, let fields = result.outer else {
        return always(false, "there are a packet, a peer, and an outer header")
    }
    always(result.start == 0 && inner.totalLength == result.bytes.count, "what follows the packet is cut off")
    always(Example.table.peer(owning: inner.destination) == peer, "it goes to whom the destination belongs")
    let endpoint = Example.table.endpoint(of: peer)
    always((fields.source, fields.destination) == (endpoint.local, endpoint.remote), "it goes to the peer")
    always(fields.trafficClass == inner.trafficClass, "the traffic class is the inner one")
    always(fields.ttl.rawValue == (inheritsTTL ? inner.ttl : 64), "the TTL is as configured")
    let isAtomic = policy == .set || policy == .copy && inner.dontFragment
    always(fields.fragmentation == (isAtomic ? .forbidden : .allowed), "DF is as configured")

    var payloadLength = 0
    for index in 0..<result.cut.count(length: result.bytes.count) {
        payloadLength += checkOuter(index, result, fields)
    }
    if case .outerFragments = result.cut { always(payloadLength == result.bytes.count, "fragments are all of it") }
    if result.cut == .whole { checkFinished(result, routed, checksum) }
}

/// One outer packet fits and is one. Returns the octets that it carries.
private func checkOuter(_ index: Int, _ result: Bench.Result, _ fields: OuterFields) -> Int {
    var head = [UInt8](repeating: 0xa5, count: Cut.maximumHeadLength)
    var elements = head.mutableSpan
    var span = unsafe elements.mutableBytes
    let (length, body) = result.cut.write(
        index, of: result.bytes.octets, under: fields, identification: 7, to: &span)
    let octets = Array(head[..<length]) + result.bytes[body]
    guard let outer = try? IPv4Packet(octets.octets) else {
        always(false, "the outer packet is one")
        return 0
    }
    always(outer.totalLength == octets.count && octets.count <= Example.pathMTU, "it fits")
    always((outer.protocolNumber, outer.destination) == (.ipip, fields.destination), "it goes to the peer")
    always(outer.identification == (outer.dontFragment ? 0 : 7), "it has an identification where it needs one")
    if !outer.isFragment {
        guard let inner = try? IPv4Packet(outer.payload) else {
            always(false, "what is inside is a packet")
            return 0
        }
        always(inner.totalLength == outer.payload.byteCount, "nothing follows it")
        if result.cut != .whole { always(inner.hasValidHeaderChecksum, "a header that we cut is right") }
    }
    return outer.payload.byteCount
}

/// Nothing leaves with a checksum that somebody else would have to finish, and nothing else changes.
private func checkFinished(_ result: Bench.Result, _ routed: [UInt8], _ before: ChecksumState) {
    let changed = result.bytes.indices.filter { routed[$0] != result.bytes[$0] }
    guard case .partial(let start, let offset) = before else { return always(changed.isEmpty, "it stays as it is") }
    let field = Int(start) + Int(offset)
    always(result.checksum == .valid, "the checksum is finished")
    always(changed.allSatisfy((field..<field + 2).contains), "only the checksum changes: \(changed)")
    guard offset.isMultiple(of: 2) else { return }
    always(naiveSum(naiveSum(result.bytes[Int(start)...]), word(routed, at: field)) == 0xffff, "the checksum is right")
}
