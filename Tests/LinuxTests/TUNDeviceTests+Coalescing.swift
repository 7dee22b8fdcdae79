// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Testing
import Wire

@testable import Linux

/// Superpackets that we make, through real devices: the kernel takes them for the packets that they consist of.
extension TUNDeviceTests {
    /// What became of a batch.
    private struct Outcome: Sendable {
        var fates: [PacketSlot.Fate] = []
        /// How many superpackets were written.
        var superpackets = 0
        /// What came out, port by port in the order of the ports.
        var received: [[[UInt8]]] = []
    }

    /// Writes `packets` as one batch, and has `counts` datagrams received by sockets at ports 5000, 5001...
    private static func deliver(
        _ packets: [[UInt8]], counts: [Int], isWhole: Bool = false
    ) throws -> Outcome {
        try inFreshNetwork {
            var device = try TUNDevice(name: "tunnel")
            try shell("ip link set tunnel addrgenmode none up; ip address add 10.1.0.1/24 dev tunnel")
            let first = UInt16(5_000)
            // Sockets first: what arrives before them is lost.
            let numbers = try counts.indices.map { index in
                let socket = try datagramSocket(port: first + UInt16(index))
                if isWhole { try socket.set(IPPROTO_UDP, Self.receiveMerged, to: 1) }
                return socket.release()
            }
            var outcome = Outcome(fates: try device.send(packets))
            outcome.superpackets = device.takeCoalesced()
            for (number, count) in zip(numbers, counts) {
                let socket = Descriptor(owning: number)
                outcome.received.append(try datagrams(count, from: socket))
            }
            return outcome
        }
    }

    /// The next `count` datagrams; fewer when one does not come.
    private static func datagrams(_ count: Int, from socket: borrowing Descriptor) throws(Errno) -> [[UInt8]] {
        var received: [[UInt8]] = []
        while received.count < count, let next = try socket.receive(limit: 65_535) { received.append(next) }
        return received
    }

    /// UDP_GRO: whoever sets this gets datagrams that were merged in one piece.
    private static let receiveMerged: Int32 = 104

    /// Receives what is for 10.1.0.1, and waits 5 seconds for it at most.
    private static func datagramSocket(port: UInt16) throws(Errno) -> Descriptor {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Descriptor(owning: try posix(socket(AF_INET, type, 0)))
        try descriptor.setReceiveTimeout(seconds: 5)
        var address = sockaddr_in(IPv4Address(10, 1, 0, 1))
        address.sin_port = port.bigEndian
        let result = unsafe withUnsafePointer(to: &address) { address in
            // SAFETY: every kind of socket address starts with the same two octets; the size says where this one ends.
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor.rawValue, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try posix(result)
        return descriptor
    }

    @Test(arguments: [
        [1_000, 1_000, 1_000, 1_000], [1_000, 1_000, 1], [1, 1], [Int](repeating: 64, count: 64),
        [16_300, 16_300, 16_300, 16_300],
    ])
    func `datagrams of one flow are written as one, and received one by one`(sizes: [Int]) throws {
        var flow = Flow(.udp, port: 5_000)
        let packets = flow.packets(sizes)
        let outcome = try Self.deliver(packets, counts: [sizes.count])
        #expect(outcome.fates == sizes.map { _ in .delivered })
        #expect(outcome.superpackets == 1)
        let isSame = outcome.received == [packets.map { Array($0[28...]) }]
        #expect(isSame)
    }

    @Test func `whoever receives merged datagrams gets all in one piece`() throws {
        var flow = Flow(.udp, port: 5_000)
        let packets = flow.packets([500, 500, 500, 20])
        let outcome = try Self.deliver(packets, counts: [1], isWhole: true)
        #expect(outcome.superpackets == 1)
        let isSame = outcome.received == [[packets.flatMap { $0[28...] }]]
        #expect(isSame)
    }

    @Test func `flows that take turns are as many superpackets, each in its order`() throws {
        var flows = (0..<4).map { Flow(.udp, port: 5_000 + UInt16($0)) }
        let packets = (0..<64).map { flows[$0 % 4].packet(100 + $0 % 4) }
        let outcome = try Self.deliver(packets, counts: [16, 16, 16, 16])
        #expect(outcome.fates == packets.map { _ in .delivered })
        #expect(outcome.superpackets == 4)
        let expected = (0..<4).map { flow in (0..<16).map { Array(packets[$0 * 4 + flow][28...]) } }
        let isSame = outcome.received == expected
        #expect(isSame)
    }

    @Test(arguments: [26, 30, 127]) func `a datagram with a wrong checksum is not received, but its neighbours are`(
        offset: Int
    ) throws {
        var flow = Flow(.udp, port: 5_000)
        var packets = flow.packets([100, 100, 100, 100, 100])
        packets[2] = packets[2].corrupted(at: offset)
        let outcome = try Self.deliver(packets, counts: [4])
        #expect(outcome.fates == packets.map { _ in .delivered })
        #expect(outcome.superpackets == 2)
        // If it had been received, it would stand between them: a socket keeps the order.
        let isSame = outcome.received == [[0, 1, 3, 4].map { Array(packets[$0][28...]) }]
        #expect(isSame)
    }

    @Test func `a batch in which nothing belongs together is written as it is`() throws {
        var flow = Flow(.udp, port: 5_000)
        let packets = flow.packets([100, 101, 102])
        let outcome = try Self.deliver(packets, counts: [3])
        #expect(outcome.fates == packets.map { _ in .delivered })
        #expect(outcome.superpackets == 0)
        let isSame = outcome.received == [packets.map { Array($0[28...]) }]
        #expect(isSame)
    }

    /// What comes out of a device without offloads, flow by flow, when `packets` are forwarded to it.
    private static func forward(_ packets: [[UInt8]], ports: [UInt16]) throws -> Outcome {
        try inFreshNetwork {
            var inside = try TUNDevice(name: "inside")
            var outside = try TUNDevice(name: "outside")
            try checked(clinux_tun_set_offload(outside.descriptor.rawValue, 0))
            try shell("for name in inside outside; do ip link set $name addrgenmode none up; done")
            try shell("ip address add 10.1.0.1/24 dev inside; ip address add 10.2.0.1/24 dev outside")
            try shell("echo 1 > /proc/sys/net/ipv4/ip_forward")
            var outcome = Outcome(fates: try inside.send(packets))
            outcome.superpackets = inside.takeCoalesced()
            let received = try outside.receive(packets.count)
            outcome.received = ports.map { port in
                received.filter { UInt16($0[22]) << 8 | UInt16($0[23]) == port }
            }
            return outcome
        }
    }

    @Test(
        arguments: [.tcp, .udp] as [IPProtocol], [[1_400, 1_400, 1_400, 7], [Int](repeating: 100, count: 16), [5, 5]])
    func `what is forwarded comes out as the same packets, octet by octet but for the TTL`(
        carried: IPProtocol, sizes: [Int]
    ) throws {
        var (flow, expected) = (
            Flow.forwarded(carried, port: 80, ttl: 64), Flow.forwarded(carried, port: 80, ttl: 63)
        )
        let outcome = try Self.forward(flow.packets(sizes), ports: [80])
        #expect(outcome.fates == sizes.map { _ in .delivered })
        #expect(outcome.superpackets == 1)
        let isSame = outcome.received == [expected.packets(sizes)]
        #expect(isSame)
    }

    @Test func `streams and datagrams that take turns are forwarded each in its order`() throws {
        let kinds: [(IPProtocol, UInt16)] = [(.tcp, 80), (.udp, 53), (.tcp, 443), (.udp, 123)]
        var flows = kinds.map { Flow.forwarded($0, port: $1, ttl: 64) }
        var expected = kinds.map { Flow.forwarded($0, port: $1, ttl: 63) }
        let packets = (0..<64).map { flows[$0 % 4].packet(500 + $0 % 4) }
        let outcome = try Self.forward(packets, ports: kinds.map(\.1))
        #expect(outcome.fates == packets.map { _ in .delivered })
        #expect(outcome.superpackets == 4)
        let forwarded = expected.indices.map { flow in expected[flow].packets(.init(repeating: 500 + flow, count: 16)) }
        let isSame = outcome.received == forwarded
        #expect(isSame)
    }

    @Test(arguments: [.tcp, .udp] as [IPProtocol]) func `a wrong checksum is forwarded as wrong as it came`(
        carried: IPProtocol
    ) throws {
        let sizes = [200, 200, 200, 200, 200]
        var (flow, sample) = (
            Flow.forwarded(carried, port: 80, ttl: 64), Flow.forwarded(carried, port: 80, ttl: 63)
        )
        var (packets, expected) = (flow.packets(sizes), sample.packets(sizes))
        (packets[2], expected[2]) = (packets[2].corrupted(at: 60), expected[2].corrupted(at: 60))
        let outcome = try Self.forward(packets, ports: [80])
        #expect(outcome.superpackets == 2)
        let isSame = outcome.received == [expected]
        #expect(isSame)
    }

    @Test func `what the device refuses fails for every packet of the superpacket, which does not count`() throws {
        let packets = [Flow(.tcp, port: 80), Flow(.udp, port: 53)].map { flow in
            var flow = flow
            return flow.packets([100, 100])
        }
        let (fates, superpackets) = try inFreshNetwork {
            var device = try TUNDevice(name: "tunnel")
            return (try device.send(packets.flatMap(\.self)), device.takeCoalesced())
        }
        #expect(fates == [.failed(EIO), .failed(EIO), .failed(EIO), .failed(EIO)])
        #expect(superpackets == 0)
    }

    @Test func `superpackets are counted since somebody last asked`() throws {
        let batches = [Flow(.tcp, port: 80), Flow(.udp, port: 53)].map { flow in
            var flow = flow
            return flow.packets([100, 100, 100])
        }
        let counts = try inFreshNetwork {
            var device = try TUNDevice(name: "tunnel")
            try shell("ip link set tunnel addrgenmode none up")
            _ = try device.send(batches[0])
            _ = try device.send(batches[1])
            return [device.takeCoalesced(), device.takeCoalesced()]
        }
        #expect(counts == [2, 0])
    }

    @Test func `a superpacket for a device that was deleted throws EBADFD`() throws {
        var flow = Flow(.udp, port: 53)
        let packets = flow.packets([100, 100])
        let error = try inFreshNetwork {
            var device = try TUNDevice(name: "tunnel")
            try shell("ip link delete tunnel")
            return thrown { () throws(Errno) in _ = try device.send(packets) }
        }
        #expect(error == .descriptorState)
    }

    /// A device that knows no vnet headers answers EINVAL to all that we write, as an old kernel does to superpackets.
    @Test func `a kernel that answers EINVAL gets the packets one by one, and that kind for ever after`() throws {
        var (datagrams, stream) = (Flow(.udp, port: 5_000), Flow(.tcp, port: 80))
        let batches = [
            datagrams.packets([100, 100, 100]), datagrams.packets([100, 100]) + stream.packets([100, 100]),
        ]
        let (fates, refused, kinds, later, superpackets, received) = try inFreshNetwork {
            var device = try TUNDevice(name: "tunnel")
            try shell("ip link set tunnel addrgenmode none up; ip address add 10.1.0.1/24 dev tunnel")
            let socket = try Self.datagramSocket(port: 5_000)
            let genuine = try device.descriptor.duplicate()
            let old = try Self.deviceWithoutHeaders("old")
            try shell("ip link set old addrgenmode none up")
            try posix(dup2(old.rawValue, device.descriptor.rawValue))
            let fates = try device.send(batches[0])
            let refused = try shell("awk '$1 == \"old:\" { print $5 }' /proc/net/dev")
            let kinds = device.kinds
            try posix(dup2(genuine.rawValue, device.descriptor.rawValue))
            let later = try device.send(batches[1])
            let received = try Self.datagrams(2, from: socket)
            return (fates, refused, kinds, later, device.takeCoalesced(), received)
        }
        #expect(fates == [.failed(EINVAL), .failed(EINVAL), .failed(EINVAL)])
        #expect(refused == "4\n", "one superpacket, then three packets")
        #expect(kinds == .streams)
        #expect(later == [.delivered, .delivered, .delivered, .delivered])
        #expect(superpackets == 1, "the stream")
        #expect(received == batches[1][..<2].map { Array($0[28...]) })
    }

    private static func deviceWithoutHeaders(_ name: String) throws(Errno) -> Descriptor {
        let descriptor = try Descriptor.open(TUNDevice.path, O_RDWR | O_NONBLOCK)
        var buffer = name.utf8.map { CChar(bitPattern: $0) } + [CChar](repeating: 0, count: 16 - name.utf8.count)
        try checked(unsafe clinux_tun_attach(descriptor.rawValue, &buffer, Int32(IFF_TUN | IFF_NO_PI)))
        return descriptor
    }
}
