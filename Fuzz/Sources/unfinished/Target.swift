// SPDX-License-Identifier: Apache-2.0

import FuzzSupport
import Wire

/// A checksum that is said to be unfinished lies inside of the packet, and finishing it makes it right.
@c(LLVMFuzzerTestOneInput)
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    unsafe withInput(start, count) { input in
        guard let unfinished = UnfinishedTransport(input) else { return }
        guard let packet = try? IPv4Packet(input), case .partial(let start, let offset) = unfinished.checksum else {
            return always(false, "there is a packet, and something left to do")
        }
        let field = Int(start) + Int(offset)
        always(packet.protocolNumber == unfinished.carried && !packet.isFragment, "what is carried")
        always(Int(start) == packet.headerLength, "all of the payload is summed")
        always(field + 2 <= packet.totalLength, "the field lies in the packet")
        always(unfinished.headerLength >= packet.headerLength, "the headers are longer than the first")

        var octets = FuzzSupport.octets(packet.bytes)
        let pseudoHeader = naivePseudoHeaderSum(octets)
        always(word(octets, at: field) == pseudoHeader, "the field holds the sum of the pseudo-header")
        var elements = octets.mutableSpan
        var span = unsafe elements.mutableBytes
        always(span.completeChecksum(from: Int(start), field: Int(offset)), "it can be finished")
        always(
            naiveSum(naiveSum(octets[packet.headerLength...]), pseudoHeader) == 0xffff, "the finished checksum is right"
        )
    }
}
