// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct PacketSlotTests {
    private let packet = hex("00 01 02 03 04 05 06 07 08 09")

    @Test func `a new slot holds nothing and knows nothing`() {
        let batch = PacketBatch(capacity: 1)
        #expect(Facts(batch[0]) == Facts())
    }

    @Test func `copy puts the packet behind the headroom`() {
        var batch = PacketBatch(capacity: 1)
        batch[0].copy(packet)
        let facts = Facts(batch[0])
        #expect(facts == Facts(offset: 64, length: 10, bytes: packet))
    }

    @Test func `prepend grows the packet to the front by moving the offset`() {
        var batch = PacketBatch(capacity: 1)
        batch[0].copy(packet)
        batch[0].prepend(20)
        let (offset, length, bytes) = (batch[0].offset, batch[0].length, octets(batch[0].bytes))
        #expect(offset == 44)
        #expect(length == 30)
        #expect(Array(bytes.dropFirst(20)) == packet)
    }

    @Test func `strip keeps a range, counted from the start of the packet`() {
        var batch = PacketBatch(capacity: 1)
        batch[0].copy(packet)
        batch[0].strip(to: 2..<8)
        batch[0].strip(to: 1..<4)
        #expect(Facts(batch[0]) == Facts(offset: 67, length: 3, bytes: hex("03 04 05")))
        batch[0].strip(to: 3..<3)
        #expect(Facts(batch[0]) == Facts(offset: 70, length: 0))
    }

    @Test func `prepend undoes strip, octet for octet`() {
        var batch = PacketBatch(capacity: 1)
        batch[0].copy(packet)
        batch[0].strip(to: 4..<10)
        batch[0].prepend(4)
        #expect(Facts(batch[0]) == Facts(offset: 64, length: 10, bytes: packet))
    }

    @Test func `a source may start a packet up to the whole headroom early`() {
        var batch = PacketBatch(capacity: 1)
        batch[0].place(length: 65_545, leading: 10)
        let withHeader = (batch[0].offset, batch[0].length)
        #expect(withHeader == (54, 65_545))
        batch[0].place(length: 65_599, leading: 64)
        let withAll = (batch[0].offset, batch[0].length)
        #expect(withAll == (0, 65_599))
        batch[0].place(length: 0)
        let empty = (batch[0].offset, batch[0].length)
        #expect(empty == (64, 0))
    }

    @Test func `address is where the packet starts`() {
        var batch = PacketBatch(capacity: 1)
        batch[0].copy(packet)
        batch[0].strip(to: 3..<10)
        let first = unsafe batch[0].address.load(as: UInt8.self)
        #expect(first == 3)
    }

    @Test func `reset clears all that is known`() {
        var batch = PacketBatch(capacity: 1)
        batch[0].copy(packet)
        batch[0].learnEverything()
        let learned = Facts(batch[0])
        #expect(learned.cut == .outerFragments(limit: 1_500))
        #expect(learned.answer == .fragmentationNeeded(mtu: 1_480))
        #expect(learned.remark == .dangerousECN)
        #expect(learned != Facts())
        batch[0].reset()
        #expect(Facts(batch[0]) == Facts())
    }

    @Test func `copy forgets what was known about the packet before`() {
        var batch = PacketBatch(capacity: 1)
        batch[0].learnEverything()
        batch[0].copy(packet)
        #expect(Facts(batch[0]) == Facts(offset: 64, length: 10, bytes: packet))
    }
}

/// What no caller may do: the memory of other slots begins there.
@Suite struct PacketSlotTrapTests {
    @Test func `prepending 64 octets uses the headroom up, one more traps`() async {
        var batch = PacketBatch(capacity: 1)
        batch[0].prepend(64)
        let offset = batch[0].offset
        #expect(offset == 0)
        await #expect(processExitsWith: .failure) {
            var batch = PacketBatch(capacity: 1)
            batch[0].prepend(65)
        }
        await #expect(processExitsWith: .failure) {
            var batch = PacketBatch(capacity: 1)
            batch[0].prepend(-1)
        }
    }

    @Test func `stripping beyond the end traps`() async {
        await #expect(processExitsWith: .failure) {
            var batch = PacketBatch(capacity: 1)
            batch[0].copy([1, 2, 3])
            batch[0].strip(to: 0..<4)
        }
        await #expect(processExitsWith: .failure) {
            var batch = PacketBatch(capacity: 1)
            batch[0].copy([1, 2, 3])
            batch[0].strip(to: -1..<3)
        }
    }

    @Test func `placing more than fits traps`() async {
        await #expect(processExitsWith: .failure) {
            var batch = PacketBatch(capacity: 1)
            batch[0].place(length: 65_536)
        }
        await #expect(processExitsWith: .failure) {
            var batch = PacketBatch(capacity: 1)
            batch[0].place(length: 1, leading: 65)
        }
        await #expect(processExitsWith: .failure) {
            var batch = PacketBatch(capacity: 1)
            batch[0].place(length: -1)
        }
    }

    @Test func `copying more than fits traps`() async {
        await #expect(processExitsWith: .failure) {
            var batch = PacketBatch(capacity: 2)
            batch[0].copy([UInt8](repeating: 0, count: 65_536))
        }
    }
}

/// All that a slot knows, in a value that can be compared.
private struct Facts: Equatable {
    var offset = PacketSlot.headroom
    var length = 0
    var bytes: [UInt8] = []
    var checksum = ChecksumState.unknown
    var segmentSize = 0
    var outer: OuterFields?
    var cut = Cut.whole
    var answer: ICMPv4Error?
    var remark: PacketSlot.Remark?
    var peer: PeerIndex?
    var fate = PacketSlot.Fate.pending
}

extension Facts {
    init(_ slot: borrowing PacketSlot) {
        self.init(
            offset: slot.offset, length: slot.length, bytes: octets(slot.bytes), checksum: slot.checksum,
            segmentSize: slot.segmentSize, outer: slot.outer, cut: slot.cut, answer: slot.answer, remark: slot.remark,
            peer: slot.peer, fate: slot.fate)
    }
}

extension PacketSlot {
    fileprivate mutating func learnEverything() {
        checksum = .partial(start: 20, offset: 16)
        segmentSize = 1_448
        outer = OuterFields(
            source: .unspecified, destination: .unspecified, trafficClass: 0, ttl: .standard, fragmentation: .allowed)
        cut = .outerFragments(limit: 1_500)
        answer = .fragmentationNeeded(mtu: 1_480)
        remark = .dangerousECN
        peer = PeerIndex(rawValue: 7)
        fate = .failed(90)
    }
}
