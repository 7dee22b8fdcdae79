// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Wire

/// Clamping the maximum segment size lowers it or does nothing, and a checksum is as right or wrong as it was.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe withInput(start, count) { input in
        let scenario = Scenario(input)
        guard let packet = try? IPv4Packet(scenario.packet.octets) else { return }
        let before = Array(scenario.packet[..<packet.totalLength])
        var after = before
        var elements = after.mutableSpan
        var span = unsafe elements.mutableBytes
        let isUnfinished = scenario.octet(2) & 1 != 0
        let isChanged = span.clampMaximumSegmentSize(to: scenario.word(0), isUnfinished: isUnfinished)
        let changed = before.indices.filter { before[$0] != after[$0] }
        guard isChanged else { return always(changed.isEmpty, "nothing is changed") }
        always(changed.allSatisfy { $0 >= packet.headerLength + 16 }, "no header but options and checksum")
        let field = packet.headerLength + 16..<packet.headerLength + 18
        let option = changed.filter { !field.contains($0) }
        always((1...2).contains(option.count) && (option.last ?? 0) - (option.first ?? 0) <= 1, "two octets")
        guard !isUnfinished else { return always(changed == option, "no checksum yet") }
        // 0 and 0xffff are the same sum.
        let sums = [before, after].map { naiveSum($0[packet.headerLength...]) % 0xffff }
        always(sums[0] == sums[1], "the sum stays")
    }
}
