// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Testing
import Wire

@testable import Linux

/// Devices that hand over each packet as it is on the wire, and ones that do not.
extension TUNDeviceTests {
    /// What a slot said about a packet that was read.
    private struct Reading: Equatable, Sendable {
        let length: Int
        let segmentSize: Int
        let isFinished: Bool
    }

    /// UDP_SEGMENT: what is sent in one piece is to become datagrams of this size.
    private static let segmentSize: Int32 = 103

    /// Sends 4000 octets as four datagrams through `device`, from a port that `round` decides.
    private static func sendFour(round: Int) throws(Errno) {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = Descriptor(owning: try posix(socket(AF_INET, type, 0)))
        try socket.set(IPPROTO_UDP, segmentSize, to: 1000)
        var address = sockaddr_in(IPv4Address(10, 1, 0, 2))
        address.sin_port = UInt16(5_000 + round).bigEndian
        let octets = [UInt8](repeating: 7, count: 4000)
        let result = unsafe withUnsafePointer(to: &address) { address in
            // SAFETY: every kind of socket address starts with the same two octets; the size says where this one ends.
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe sendto(socket.rawValue, octets, 4000, 0, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try posix(result)
    }

    private static func read(_ device: inout TUNDevice) throws(Errno) -> [Reading] {
        var batch = PacketBatch(capacity: 16)
        try device.fill(&batch)
        return batch.indices.map { index in
            Reading(
                length: batch[index].length, segmentSize: batch[index].segmentSize,
                isFinished: !batch[index].checksum.isPartial)
        }
    }

    private static let setUp =
        "ip link set tunnel addrgenmode none; ip link set tunnel up; ip address add 10.1.0.1/24 dev tunnel"

    @Test(arguments: [TUNDevice.Offload.auto, .off]) func `without offload each packet is read as it is on the wire`(
        offload: TUNDevice.Offload
    ) throws {
        let readings = try inFreshNetwork {
            var device = try TUNDevice(name: "tunnel", offload: offload)
            try shell(Self.setUp)
            try Self.sendFour(round: 0)
            return try Self.read(&device)
        }
        switch offload {
        case .off:
            let one = Reading(length: 1028, segmentSize: 0, isFinished: true)
            #expect(readings == [one, one, one, one])
        case .auto:
            // A kernel before 6.2 segments, and leaves only the checksums to us.
            #expect(!readings.isEmpty)
            #expect(readings.hasOnly { !$0.isFinished })
        }
    }

    @Test func `a further queue of a device without offload has none either`() throws {
        let readings = try inFreshNetwork {
            var first = try TUNDevice(name: "tunnel", queues: .several, offload: .off)
            var second = try first.nextQueue()
            try shell(Self.setUp)
            for round in 0..<8 { try Self.sendFour(round: round) }
            var readings: [Reading] = []
            _ = try eventually {
                readings += try Self.read(&first) + Self.read(&second)
                return readings.count >= 32
            }
            return readings
        }
        #expect(readings == .init(repeating: Reading(length: 1028, segmentSize: 0, isFinished: true), count: 32))
    }

    @Test(arguments: [TUNDevice.Offload.auto, .off]) func `without offload nothing is written as one`(
        offload: TUNDevice.Offload
    ) throws {
        var flow = Flow(.udp, port: 5_000)
        let packets = flow.packets([500, 500, 500])
        let (fates, coalesced) = try inFreshNetwork {
            let original = try TUNDevice(name: "tunnel", offload: offload)
            try shell(Self.setUp)
            var device = try original.duplicate()
            return (try device.send(packets), device.takeCoalesced())
        }
        #expect(fates == packets.map { _ in .delivered })
        #expect(coalesced == (offload == .off ? 0 : 1))
    }
}
