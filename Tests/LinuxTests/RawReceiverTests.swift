// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing
import Wire

@Suite(.needsRoot) struct RawReceiverTests {
    static let here = RawSenderTests.here
    static let there = RawSenderTests.there
    static let router = IPv4Address(10, 0, 0, 254)
    static let inner = RawSenderTests.inner

    /// An error as it was taken from the queue.
    struct Received: Equatable, Sendable {
        let report: ICMPReport?
        let quote: [UInt8]
    }

    @Test func `a duplicate receives from the same socket`() throws {
        let received = try RawSenderTests.onLoopback { sender, receiver in
            var other = try receiver.duplicate()
            _ = try sender.send([Self.inner], outer: RawSenderTests.fields())
            return try other.receive(1).count
        }
        #expect(received == 1)
    }

    @Test(arguments: RawSenderTests.reported) func `an ICMP error is reported with what it quotes, once`(
        type: UInt8, code: UInt8
    ) throws {
        let (outer, errors, isReadable) = try RawSenderTests.overDevice { sender, device in
            var receiver = try RawReceiver(capacity: 8)
            _ = try sender.send([Self.inner], outer: RawSenderTests.fields())
            let outer = try device.receive(1).first ?? []
            let quoting = icmpError(type: type, code: code, about: outer)
            _ = try device.send([packet(.icmp, from: Self.router, to: Self.here, payload: quoting)])
            guard receiver.isReadable(withinMilliseconds: 5_000) else { throw Errno.wouldBlock }
            var batch = PacketBatch(capacity: 8)
            try receiver.fill(&batch)
            let errors = [try receiver.nextReceived(), try receiver.nextReceived()]
            return (outer, errors, receiver.isReadable(withinMilliseconds: 0))
        }
        #expect(errors[0] == Received(report: ICMPReport(type: type, code: code, offender: Self.router), quote: outer))
        #expect(errors[1].report == nil)
        #expect(!isReadable)
    }

    @Test func `an ICMP error does not keep packets from being received`() throws {
        let received = try RawSenderTests.overDevice { sender, device in
            var receiver = try RawReceiver(capacity: 8)
            _ = try sender.send([Self.inner], outer: RawSenderTests.fields())
            let quoting = icmpError(type: 3, code: 1, about: try device.receive(1).first ?? [])
            let arriving = packet(.ipip, from: Self.there, to: Self.here, payload: Self.inner)
            _ = try device.send([packet(.icmp, from: Self.router, to: Self.here, payload: quoting), arriving])
            var batch = PacketBatch(capacity: 8)
            guard receiver.isReadable(withinMilliseconds: 5_000) else { throw Errno.wouldBlock }
            try receiver.fill(&batch)
            return batch.count
        }
        #expect(received == 1)
    }

    @Test func `forged ICMP teaches the kernel no path MTU`() throws {
        let (report, route) = try RawSenderTests.overDevice { sender, device in
            var receiver = try RawReceiver(capacity: 8)
            _ = try sender.send([Self.inner], outer: RawSenderTests.fields())
            var quoting = icmpError(type: 3, code: 4, about: try device.receive(1).first ?? [])
            (quoting[6], quoting[7]) = (0x02, 0x58)  // next-hop MTU 600
            let sum = checksum([3, 4, 0, 0] + quoting[4...])
            (quoting[2], quoting[3]) = (UInt8(sum >> 8), UInt8(sum & 0xff))
            _ = try device.send([packet(.icmp, from: Self.router, to: Self.here, payload: quoting)])
            guard receiver.isReadable(withinMilliseconds: 5_000) else { throw Errno.wouldBlock }
            return (try receiver.nextReceived().report, try shell("ip route get \(Self.there)"))
        }
        #expect(report?.nextHopMTU == 600)
        #expect(!route.contains("mtu"), "\(route)")
    }

    @Test func `what the kernel has no room for is counted as it counts it`() throws {
        let (overflows, kernel) = try RawSenderTests.onLoopback { sender, receiver in
            let before = try receiver.overflows
            guard before == 0 else { return (before, "") }
            try receiver.shrinkBuffer()
            for _ in 0..<40 { _ = try sender.send([Self.inner], outer: RawSenderTests.fields()) }
            // The last column of the line of a socket is what it dropped.
            let lines = try shell("grep -v drops /proc/net/raw").split(separator: "\n")
            return (try receiver.overflows, lines.compactMap { $0.split(separator: " ").last }.joined(separator: " "))
        }
        #expect(overflows > 0)
        #expect(kernel.split(separator: " ").contains("\(overflows)"), "\(kernel)")
    }
}

extension RawReceiver {
    /// The next element of the error queue.
    fileprivate mutating func nextReceived() throws -> RawReceiverTests.Received {
        var batch = PacketBatch(capacity: 1)
        let report = try nextError(quote: &batch[0])
        return RawReceiverTests.Received(report: report, quote: batch[0].octets)
    }

    /// The smallest receive buffer that there is.
    fileprivate func shrinkBuffer() throws {
        var size: Int32 = 1
        let result = unsafe setsockopt(waitable, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        guard result == 0 else { throw Errno.current }
    }
}
