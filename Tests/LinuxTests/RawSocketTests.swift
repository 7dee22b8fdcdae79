// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire

@Suite(.needsRoot) struct RawSocketTests {
    static let here = IPv4Address(10, 0, 0, 1)
    static let there = IPv4Address(10, 0, 0, 2)
    static let inner = packet(.udp, from: IPv4Address(10, 9, 0, 1), to: IPv4Address(10, 9, 0, 2), payload: [1, 2, 3])

    static func fields(
        ttl: TTL = .standard, trafficClass: UInt8 = 0, _ fragmentation: OuterFields.Fragmentation = .forbidden
    ) -> OuterFields {
        OuterFields(
            source: here, destination: there, trafficClass: trafficClass, ttl: ttl, fragmentation: fragmentation)
    }

    /// Runs `body` with a socket where both addresses are ours.
    static func onLoopback<Value: Sendable>(
        _ body: @escaping @Sendable (inout RawSocket) throws -> Value
    ) throws -> Value {
        try inFreshNetwork {
            try shell("ip address add \(here) dev lo; ip address add \(there) dev lo")
            var socket = try RawSocket(capacity: 8, watching: [there])
            return try body(&socket)
        }
    }

    /// Runs `body` with a socket and a device: what the socket sends comes out of the device.
    static func overDevice<Value: Sendable>(
        _ body: @escaping @Sendable (inout RawSocket, inout TUNDevice) throws -> Value
    ) throws -> Value {
        try inFreshNetwork {
            var device = try TUNDevice(name: "network")
            try shell("ip link set network up; ip address add \(here)/24 dev network")
            var socket = try RawSocket(capacity: 8, watching: [there])
            return try body(&socket, &device)
        }
    }

    @Test func `a packet that is sent is received, outer header first`() throws {
        let (fates, received) = try Self.onLoopback { socket in
            (try socket.send([Self.inner, Self.inner], outer: Self.fields()), try socket.receive(2))
        }
        #expect(fates == [.delivered, .delivered])
        #expect(
            received == [Self.inner, Self.inner].map { packet(.ipip, from: Self.here, to: Self.there, payload: $0) })
    }

    @Test func `the outer header is what the rules decided`() throws {
        let received = try Self.onLoopback { socket in
            _ = try socket.send([Self.inner], outer: Self.fields(ttl: .maximum, trafficClass: 0xb8, .allowed))
            return try socket.receive(1)
        }
        let outer = try #require(received.first)
        #expect(outer[0...3] == [0x45, 0xb8, 0, UInt8(20 + Self.inner.count)])  // version, header length, class, length
        #expect(outer[6...7] == [0, 0])  // DF clear, no fragment
        #expect(outer[8...9] == [255, 4])  // TTL, protocol
        #expect(checksum(Array(outer[..<20])) == 0)
        #expect(outer[12...19] == [10, 0, 0, 1, 10, 0, 0, 2])  // source, destination
        #expect(Array(outer[20...]) == Self.inner)
    }

    @Test func `slots whose fate is known are passed over, and the rest hold the inner packet again`() throws {
        let (fates, lengths, received) = try Self.onLoopback { socket in
            var batch = PacketBatch(capacity: 8)
            for index in 0..<8 {
                unsafe batch[index].copy((Self.inner + [UInt8(index)]).span.bytes)
                batch[index].outer = Self.fields()
                if index % 3 == 1 { batch[index].fate = .dropped }
            }
            batch.setCount(8)
            try socket.drain(&batch)
            return (batch.indices.map { batch[$0].fate }, batch.indices.map { batch[$0].length }, try socket.receive(5))
        }
        #expect(fates == (0..<8).map { $0 % 3 == 1 ? .dropped : .delivered })
        #expect(lengths == .init(repeating: Self.inner.count + 1, count: 8))
        #expect(received.compactMap(\.last) == [0, 2, 3, 5, 6])
    }

    @Test func `a packet that the host cannot send fails alone, with the reason`() throws {
        let (long, inner) = (
            packet(.udp, from: Self.here, to: Self.there, payload: .init(repeating: 0, count: 1461)), Self.inner
        )
        let (fates, received, unreachable) = try Self.overDevice { socket, device in
            let fates = try socket.send([inner, long, inner], outer: Self.fields())
            let received = try device.receive(2)
            try shell("ip route add unreachable \(Self.there)")
            return (fates, received, try socket.send([inner], outer: Self.fields()))
        }
        #expect(fates == [.delivered, .failed(EMSGSIZE), .delivered])
        #expect(received.map(\.count) == [20 + inner.count, 20 + inner.count])
        #expect(unreachable == [.failed(EHOSTUNREACH)])
    }

    @Test func `a batch may be larger than what the socket sends at once`() async {
        await #expect(processExitsWith: .success) {
            alarm(2)
            let count = try RawSocketTests.onLoopback { socket in
                var batch = PacketBatch(capacity: 9)
                for index in 0..<9 {
                    unsafe batch[index].copy(RawSocketTests.inner.span.bytes)
                    batch[index].outer = RawSocketTests.fields()
                }
                batch.setCount(9)
                try socket.drain(&batch)
                return batch.indices.filter { batch[$0].fate == .delivered }.count
            }
            #expect(count == 9)
        }
    }

    @Test func `a duplicate receives from the same socket`() throws {
        let received = try Self.onLoopback { socket in
            var other = try socket.duplicate()
            _ = try socket.send([Self.inner], outer: Self.fields())
            return try other.receive(1).count
        }
        #expect(received == 1)
    }
}
