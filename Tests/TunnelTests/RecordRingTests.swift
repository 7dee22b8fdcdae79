// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

@Suite struct RecordRingTests {
    @Test func `what goes in comes out, in order and in any portions`() {
        let ring = RecordRing(octets: 64)
        ring.put([1, 2, 3], [4, 5])
        ring.put([6], [])
        let end = ring.end
        #expect(ring.take(4, upTo: end) == [1, 2, 3, 4])
        #expect(ring.take(100, upTo: end) == [5, 6])
        #expect(ring.take(100, upTo: end) == [])
    }

    @Test func `what came after somebody asked how far to take is left for the next time`() {
        let ring = RecordRing(octets: 64)
        ring.put([1], [])
        let end = ring.end
        ring.put([2], [])
        #expect(ring.take(100, upTo: end) == [1])
        #expect(ring.take(100, upTo: ring.end) == [2])
    }

    @Test func `a record without room is lost as a whole and counted, and room that was made is used`() {
        let ring = RecordRing(octets: 16)
        let (ten, six, seven) = ([UInt8](0..<10), [UInt8](10..<16), [UInt8](20..<27))
        ring.put(ten, [])
        ring.put(ten, six)
        ring.put(seven, [])
        #expect(ring.lost == 2)
        ring.put(six, [])
        #expect(ring.lost == 2)
        #expect(ring.take(7, upTo: ring.end) == Array(ten.prefix(7)))
        ring.put(seven, [])
        #expect(ring.take(100, upTo: ring.end) == ten.suffix(3) + six + seven)
    }

    @Test(arguments: [(1, 1), (2, 2), (3, 4), (64, 64), (65, 128), (1 << 20, 1 << 20)])
    func `a ring is the next power of two`(octets: Int, capacity: Int) {
        #expect(RecordRing(octets: octets).capacity == capacity)
    }

    @Test func `whatever is appended and taken, no record is torn, and none is missing but those counted`() {
        var random = SplitMix64()
        for _ in 0..<50 {
            let ring = RecordRing(octets: 1 << Int.random(in: 5...10, using: &random))
            var (expected, taken): ([UInt8], [UInt8]) = ([], [])
            var lost: UInt64 = 0
            for _ in 0..<300 {
                if Bool.random(using: &random) {
                    let head = random.bytes(Int.random(in: 0...40, using: &random))
                    let body = random.bytes(Int.random(in: 0...200, using: &random))
                    let hasRoom = expected.count - taken.count + head.count + body.count <= ring.capacity
                    ring.put(head, body)
                    if hasRoom { expected += head + body } else { lost += 1 }
                } else {
                    taken += ring.take(Int.random(in: 0...300, using: &random), upTo: ring.end)
                }
            }
            taken += ring.take(.max, upTo: ring.end)
            #expect(taken == expected, random.note)
            #expect(ring.lost == lost, random.note)
        }
    }
}

extension RecordRing {
    /// Appends a record of two pieces.
    fileprivate func put(_ head: [UInt8], _ body: [UInt8]) { append(head.octets, body.octets) }
}
