// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing
import Wire

@Suite(.needsRoot) struct RawSenderTests {
    static let here = IPv4Address(10, 0, 0, 1)
    static let there = IPv4Address(10, 0, 0, 2)
    static let inner = packet(.udp, from: IPv4Address(10, 9, 0, 1), to: IPv4Address(10, 9, 0, 2), payload: [1, 2, 3])

    static func fields(
        ttl: TTL = .standard, trafficClass: UInt8 = 0, _ fragmentation: OuterFields.Fragmentation = .forbidden
    ) -> OuterFields {
        OuterFields(
            source: here, destination: there, trafficClass: trafficClass, ttl: ttl, fragmentation: fragmentation)
    }

    /// Runs `body` with both sockets where both addresses are ours.
    static func onLoopback<Value: Sendable>(
        _ body: @escaping @Sendable (inout RawSender, inout RawReceiver) throws -> Value
    ) throws -> Value {
        try inFreshNetwork {
            try shell("ip address add \(here) dev lo; ip address add \(there) dev lo")
            var sender = try RawSender(capacity: 8, local: here)
            var receiver = try RawReceiver(capacity: 8)
            return try body(&sender, &receiver)
        }
    }

    /// Runs `body` with a socket and a device: what the socket sends comes out of the device.
    static func overDevice<Value: Sendable>(
        _ body: @escaping @Sendable (inout RawSender, inout TUNDevice) throws -> Value
    ) throws -> Value {
        try inFreshNetwork {
            var device = try TUNDevice(name: "network")
            try shell("ip link set network addrgenmode none up; ip address add \(here)/24 dev network")
            var sender = try RawSender(capacity: 8, local: here)
            return try body(&sender, &device)
        }
    }

    @Test func `a packet that is sent is received, outer header first`() throws {
        let (fates, received) = try Self.onLoopback { sender, receiver in
            (try sender.send([Self.inner, Self.inner], outer: Self.fields()), try receiver.receive(2))
        }
        #expect(fates == [.delivered, .delivered])
        #expect(
            received == [Self.inner, Self.inner].map { packet(.ipip, from: Self.here, to: Self.there, payload: $0) })
    }

    @Test func `the outer header is what the rules decided`() throws {
        let received = try Self.onLoopback { sender, receiver in
            _ = try sender.send([Self.inner], outer: Self.fields(ttl: .maximum, trafficClass: 0xb8, .allowed))
            return try receiver.receive(1)
        }
        let outer = try #require(received.first)
        #expect(outer[0...3] == [0x45, 0xb8, 0, UInt8(20 + Self.inner.count)])  // version, header length, class, length
        #expect(outer[6...7] == [0, 0])  // DF clear, no fragment
        #expect(outer[8...9] == [255, 4])  // TTL, protocol
        #expect(checksum(Array(outer[..<20])) == 0)
        #expect(outer[12...19] == [10, 0, 0, 1, 10, 0, 0, 2])  // source, destination
        #expect(Array(outer[20...]) == Self.inner)
    }

    @Test func `slots whose fate is known are passed over, and the rest stay as they were`() throws {
        let (fates, lengths, received) = try Self.onLoopback { sender, receiver in
            var batch = PacketBatch(capacity: 8)
            for index in 0..<8 {
                unsafe batch[index].copy((Self.inner + [UInt8(index)]).span.bytes)
                batch[index].outer = Self.fields()
                if index % 3 == 1 { batch[index].fate = .dropped }
            }
            batch.setCount(8)
            try sender.drain(&batch)
            return (
                batch.indices.map { batch[$0].fate }, batch.indices.map { batch[$0].length }, try receiver.receive(5)
            )
        }
        #expect(fates == (0..<8).map { $0 % 3 == 1 ? .dropped : .delivered })
        #expect(lengths == .init(repeating: Self.inner.count + 1, count: 8))
        #expect(received.compactMap(\.last) == [0, 2, 3, 5, 6])
    }

    @Test func `a packet that the host cannot send fails alone, with the reason`() throws {
        let (long, inner) = (
            packet(.udp, from: Self.here, to: Self.there, payload: .init(repeating: 0, count: 1461)), Self.inner
        )
        let (fates, received, unreachable) = try Self.overDevice { sender, device in
            let fates = try sender.send([inner, long, inner], outer: Self.fields())
            let received = try device.receive(2)
            try shell("ip route add unreachable \(Self.there)")
            return (fates, received, try sender.send([inner], outer: Self.fields()))
        }
        #expect(fates == [.delivered, .failed(EMSGSIZE), .delivered])
        #expect(received.map(\.count) == [20 + inner.count, 20 + inner.count])
        #expect(unreachable == [.failed(EHOSTUNREACH)])
    }

    @Test func `a batch may be larger than what the socket sends at once`() async {
        await #expect(processExitsWith: .success) {
            alarm(2)
            let count = try RawSenderTests.onLoopback { sender, _ in
                var batch = PacketBatch(capacity: 9)
                for index in 0..<9 {
                    unsafe batch[index].copy(RawSenderTests.inner.span.bytes)
                    batch[index].outer = RawSenderTests.fields()
                }
                batch.setCount(9)
                try sender.drain(&batch)
                return batch.indices.filter { batch[$0].fate == .delivered }.count
            }
            #expect(count == 9)
        }
    }

    @Test func `a superpacket leaves as its segments, more than the socket sends at once`() throws {
        // 20 segments of 10 octets, through a socket of 8 messages.
        let payload = (0..<200).map { UInt8($0) }
        let tcp: [UInt8] = [0, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0x50, 0x18, 0, 0, 0, 0, 0, 0]  // ports, sequence, flags
        let superpacket = packet(.tcp, from: Self.here, to: Self.there, payload: tcp + payload)
        let (fate, received, sent) = try Self.overDevice { sender, device in
            var batch = PacketBatch(capacity: 8)
            unsafe batch[0].copy(superpacket.span.bytes)
            batch[0].outer = Self.fields()
            let segmentation = Segmentation(batch[0].bytes, size: 10)
            batch[0].cut = segmentation.map { .segments($0) } ?? .whole
            batch.setCount(1)
            try sender.drain(&batch)
            let sent = (sender.takeSent(), sender.takeSent())
            return (batch[0].fate, try device.receive(20), [sent.0, sent.1])
        }
        #expect(fate == .delivered)
        #expect(sent == [20, 0])
        #expect(received.map(\.count) == .init(repeating: 20 + 20 + 20 + 10, count: 20))
        #expect(received.flatMap { $0.suffix(10) } == payload)
    }

    @Test func `outer fragments share an identification that no other packet has`() throws {
        let long = packet(.udp, from: Self.here, to: Self.there, payload: .init(repeating: 7, count: 100))
        let received = try Self.overDevice { sender, device in
            var batch = PacketBatch(capacity: 8)
            for index in 0..<2 {
                unsafe batch[index].copy(long.span.bytes)
                batch[index].outer = Self.fields(.allowed)
                batch[index].cut = .outerFragments(limit: 76)
            }
            batch.setCount(2)
            try sender.drain(&batch)
            return try device.receive(6)
        }
        let identifications = received.map { [$0[4], $0[5]] }
        #expect(received.count == 6)
        #expect(Set(identifications[..<3]).count == 1)
        #expect(Set(identifications[3...]).count == 1)
        #expect(Set(identifications).count == 2)
        #expect(!identifications.contains([0, 0]))
        #expect(received[..<3].map { [$0[6], $0[7]] } == [[0x20, 0], [0x20, 7], [0, 14]])  // MF, offset in 8 octets
        #expect(received[..<3].flatMap { $0[20...] } == long)
    }

    @Test func `rules that ask for our address apply`() throws {
        let count = try Self.overDevice { sender, device in
            // With any other source nothing would get there.
            try shell("ip rule add priority 1 not from \(Self.here) prohibit")
            _ = try sender.send([Self.inner], outer: Self.fields())
            return try device.receive(1).count
        }
        #expect(count == 1)
    }

    @Test func `what is sent carries the mark`() throws {
        let count = try Self.overDevice { sender, device in
            // Without the mark nothing would get there.
            try shell("ip rule add priority 1 not fwmark \(PacketMark.standard.value) prohibit")
            _ = try sender.send([Self.inner], outer: Self.fields())
            return try device.receive(1).count
        }
        #expect(count == 1)
    }
}
