// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Wire

/// The fragments of whatever packet fit, are right, and give the packet when they are put together again.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe withInput(start, count) { input in
        let scenario = Scenario(input)
        let limit = Int(scenario.word(0) % 2_000)
        guard let fragmentation = Fragmentation(scenario.packet.octets, limit: limit) else { return }
        guard let packet = try? IPv4Packet(scenario.packet.octets) else { return always(false, "it is a packet") }
        always(!packet.dontFragment, "it may be cut")
        var offset = packet.fragmentOffset
        var payload: [UInt8] = []
        for index in 0..<fragmentation.count {
            let octets = made(index, by: fragmentation, of: scenario.packet)
            guard let fragment = try? IPv4Packet(octets.octets) else { return always(false, "a fragment is a packet") }
            let isLast = index == fragmentation.count - 1
            always(octets.count <= limit && fragment.totalLength == octets.count, "it fits")
            always(naiveSum(octets[..<fragment.headerLength]) == 0xffff, "its header checksum")
            always(fragment.fragmentOffset == offset % 65_536, "it belongs where the last one ended")
            always(fragment.moreFragments == (!isLast || packet.moreFragments), "more fragments")
            always(isLast || (fragment.totalLength - fragment.headerLength) % 8 == 0, "units of 8 octets")
            always(octets[8..<10] == scenario.packet[8..<10] && octets[12..<20] == scenario.packet[12..<20], "the rest")
            offset += octets.count - fragment.headerLength
            payload += octets[fragment.headerLength...]
        }
        always(payload == Array(scenario.packet[packet.payloadRange]), "nothing is lost")
    }
}

private func made(_ index: Int, by fragmentation: Fragmentation, of packet: [UInt8]) -> [UInt8] {
    var head = [UInt8](repeating: 0xa5, count: 3 + fragmentation.headLength)
    var elements = head.mutableSpan
    var span = unsafe elements.mutableBytes
    fragmentation.write(index, of: packet.octets, to: &span, at: 3)
    return Array(head[3...]) + packet[fragmentation.body(index)]
}
