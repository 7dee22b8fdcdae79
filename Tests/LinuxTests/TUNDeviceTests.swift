// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire

@Suite(.needsRoot) struct TUNDeviceTests {
    @Test func `a device appears under its name, and goes with its last owner`() throws {
        let (name, isPersistent, during, shared, isGone) = try inFreshNetwork {
            let device = try TUNDevice(name: "tunnel")
            let (name, isPersistent) = (device.name, device.isPersistent)
            let during = try shell("ip -d link show dev tunnel")
            let duplicate = try device.duplicate()
            _ = consume device
            let shared = try Netlink().link(named: "tunnel")
            _ = consume duplicate
            let isGone = try eventually { try Netlink().link(named: "tunnel") == nil }
            return (name, isPersistent, during, shared, isGone)
        }
        #expect(name == "tunnel")
        #expect(!isPersistent)
        #expect(during.contains("tun type tun pi off vnet_hdr on persist off"))
        #expect(shared?.kind == "tun")
        #expect(isGone)
    }

    @Test func `the kernel chooses the number when the name asks for one`() throws {
        let names = try inFreshNetwork {
            let first = try TUNDevice(name: "tunnel%d")
            let second = try TUNDevice(name: "tunnel%d")
            return [first.name, second.name]
        }
        #expect(names == ["tunnel0", "tunnel1"])
    }

    @Test func `a device that somebody uses throws EBUSY`() throws {
        let error = try inFreshNetwork {
            let device = try TUNDevice(name: "tunnel")
            defer { _ = device.isPersistent }
            return thrown { () throws(Errno) in _ = try TUNDevice(name: "tunnel") }
        }
        #expect(error == .busy)
    }

    @Test func `a persistent device is attached to, and stays`() throws {
        let (isPersistent, after) = try inFreshNetwork {
            try shell("ip tuntap add dev tunnel mode tun")
            let device = try TUNDevice(name: "tunnel")
            let isPersistent = device.isPersistent
            _ = consume device
            return (isPersistent, try Netlink().link(named: "tunnel"))
        }
        #expect(isPersistent)
        #expect(after != nil)
    }

    @Test(arguments: ["veth", "tap", "lo"]) func `a name of another kind of interface throws EINVAL`(name: String)
        throws
    {
        let error = try inFreshNetwork {
            try shell("ip link add veth type veth peer name other; ip tuntap add dev tap mode tap")
            return thrown { () throws(Errno) in _ = try TUNDevice(name: name) }
        }
        #expect(error == .invalidArgument)
    }

    @Test func `packets written to one device are routed out of the other, in order`() throws {
        let (source, destination) = (IPv4Address(10, 1, 0, 2), IPv4Address(10, 2, 0, 2))
        let sent = [0, 1, 2, 100, 1280, 1480].map { length in
            packet(.init(rawValue: 253), from: source, to: destination, payload: .init(repeating: 7, count: length))
        }
        let (fates, received) = try inFreshNetwork {
            var left = try TUNDevice(name: "left")
            var right = try TUNDevice(name: "right")
            try shell("echo 1 > /proc/sys/net/ipv4/ip_forward; ip link set left up; ip link set right up")
            try shell("ip address add 10.1.0.1/24 dev left; ip address add 10.2.0.1/24 dev right")
            return (try left.send(sent), try right.receive(sent.count))
        }
        #expect(fates == sent.map { _ in .delivered })
        #expect(
            received
                == sent.map {
                    packet(.init(rawValue: 253), from: source, to: destination, ttl: 63, payload: Array($0[20...]))
                })
    }

    @Test func `a device with nothing to read gives an empty batch`() throws {
        let count = try inFreshNetwork {
            var device = try TUNDevice(name: "tunnel")
            var batch = PacketBatch(capacity: 4)
            batch.setCount(3)
            try device.fill(&batch)
            return batch.count
        }
        #expect(count == 0)
    }

    @Test func `what the device refuses fails alone`() throws {
        let good = packet(.udp, from: IPv4Address(10, 1, 0, 2), to: IPv4Address(10, 1, 0, 1))
        let notIP = [UInt8](repeating: 0xff, count: 20)
        let (down, up) = try inFreshNetwork {
            var device = try TUNDevice(name: "tunnel")
            let down = try device.send([good])
            try shell("ip link set tunnel up")
            return (down, try device.send([good, notIP, good]))
        }
        #expect(down == [.failed(EIO)])
        #expect(up == [.delivered, .failed(EINVAL), .delivered])
    }

    @Test func `a device that was deleted throws EBADFD in both directions`() throws {
        let errors = try inFreshNetwork {
            var device = try TUNDevice(name: "tunnel")
            try shell("ip link delete tunnel")
            return [
                thrown { () throws(Errno) in _ = try device.receive(1) },
                thrown { () throws(Errno) in _ = try device.send([[0x45]]) },
            ]
        }
        #expect(errors == [.descriptorState, .descriptorState])
    }
}
