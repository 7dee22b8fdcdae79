// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing
import Wire

@Suite(.needsRoot) struct EchoSocketTests {
    private static let here = IPv4Address(10, 0, 0, 1)
    private static let there = IPv4Address(10, 0, 0, 2)
    private static let nonce: [UInt8] = [1, 2, 3, 4, 5, 6, 7]

    /// Runs `body` in a network whose device leads to the test: what is sent to 10.0.0.0/24 is read from it.
    private static func overDevice<Value: Sendable>(
        _ body: @escaping @Sendable (inout TUNDevice) throws -> Value
    ) throws -> Value {
        try inFreshNetwork {
            var device = try TUNDevice(name: "network")
            try shell("ip link set network addrgenmode none mtu 1300 up; ip address add \(here)/24 dev network")
            return try body(&device)
        }
    }

    /// The answer to what came out of the device, from where it was sent to.
    private static func answer(to packet: [UInt8], _ change: (inout ICMPEcho) -> Void = { _ in }) throws -> [UInt8] {
        let view = try IPv4Packet(packet.octets)
        guard var echo = ICMPEcho(in: view) else { throw Errno.protocolError }
        echo.kind = .reply
        change(&echo)
        return LinuxTests.packet(.icmp, from: view.destination, to: view.source, payload: echo.message)
    }

    @Test(arguments: [EchoSocket.Kind.raw, .datagram]) func `a host that is asked answers`(
        kind: EchoSocket.Kind
    ) throws {
        let (replies, request) = try inFreshNetwork {
            try shell("ip address add \(Self.here) dev lo; ip address add \(Self.there) dev lo")
            try shell("echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range")
            var options = EchoSocket.Options()
            options.kind = kind
            options.timing = .kernel
            var socket = try EchoSocket(options)
            let request = socket.request(3, payload: Self.nonce)
            let start = Clock.microseconds
            try socket.send(request, to: Self.there, from: Self.here)
            let reply = try socket.next()
            guard let reply else { return ([EchoSocket.Reply](), request) }
            return (reply.time >= start && reply.time < start + 5_000_000 ? [reply] : [], request)
        }
        let reply = try #require(replies.first)
        #expect(reply.echo.answers(request))
        #expect(reply.source == Self.there)
        #expect(reply.destination == Self.here)
        #expect(reply.link == 1)
    }

    @Test func `a question leaves by the link and with the source that it names`() throws {
        let packet = try Self.overDevice { device in
            try shell("ip address add 10.7.7.7 dev lo")
            let socket = try EchoSocket()
            let far = IPv4Address(192, 0, 2, 1)
            let number = unsafe Int32(if_nametoindex("network"))
            try socket.send(socket.request(1, payload: []), to: far, from: IPv4Address(10, 7, 7, 7), by: number)
            return try device.receive(1).first ?? []
        }
        #expect(Array(packet[12..<20]) == [10, 7, 7, 7, 192, 0, 2, 1])  // source, destination
        #expect(packet[6] == 0)  // no DF
    }

    @Test func `replies to others, and what is not a reply, do not arrive`() throws {
        let (sequences, rest) = try Self.overDevice { device in
            var socket = try EchoSocket()
            try socket.send(socket.request(9, payload: Self.nonce), to: Self.there)
            let question = try device.receive(1).first ?? []
            let identifier = socket.identifier
            var corrupt = try Self.answer(to: question)
            corrupt[corrupt.count - 1] ^= 1
            _ = try device.send([
                try Self.answer(to: question) { $0.identifier = identifier ^ 1 },
                try Self.answer(to: question) { $0.kind = .request },
                corrupt, try Self.answer(to: question),
            ])
            let first = try socket.next()
            return ([first?.echo.sequence], try socket.receive() == nil)
        }
        #expect(sequences == [9])
        #expect(rest)
    }

    @Test func `with DF, what the link does not take is refused, and what it takes is sent`() throws {
        let (refusal, packet) = try Self.overDevice { device in
            var options = EchoSocket.Options()
            options.fragmentation = .forbidden
            let socket = try EchoSocket(options)
            let tooLong = socket.request(1, payload: .init(repeating: 0, count: 1300 - 28 + 1))
            let refusal = thrown { () throws(Errno) in try socket.send(tooLong, to: Self.there) }
            try socket.send(socket.request(2, payload: .init(repeating: 0, count: 1300 - 28)), to: Self.there)
            return (refusal, try device.receive(1).first ?? [])
        }
        #expect(refusal == .messageTooLong)
        #expect(packet.count == 1300)
        #expect(packet[6] == 0x40)  // DF
    }

    @Test(arguments: [(3, 1), (3, 4), (3, 13), (11, 0)] as [(UInt8, UInt8)])
    func `an ICMP error about a question names it, and fails no other`(type: UInt8, code: UInt8) throws {
        let router = IPv4Address(10, 0, 0, 254)
        let (failures, reply) = try Self.overDevice { device in
            var options = EchoSocket.Options()
            options.errors = .queued
            var socket = try EchoSocket(options)
            var other = try EchoSocket(options)
            try socket.send(socket.request(5, payload: Self.nonce), to: Self.there)
            let question = try device.receive(1).first ?? []
            let error = icmpError(type: type, code: code, about: question)
            _ = try device.send([packet(.icmp, from: router, to: Self.here, payload: error)])
            var interests = [Poll.Interest.reading(socket.descriptor)]
            try Poll.wait(for: &interests, timeoutMilliseconds: 5_000)
            try socket.send(socket.request(6, payload: Self.nonce), to: Self.there)
            _ = try device.send([try Self.answer(to: try device.receive(1).first ?? [])])
            let reply = try socket.next()
            return ([try socket.nextError(), try socket.nextError(), try other.nextError()], reply?.echo.sequence)
        }
        let expected = EchoSocket.Failure(report: ICMPReport(type: type, code: code, offender: router), sequence: 5)
        #expect(failures == [expected, nil, nil])
        #expect(reply == 6)
    }

    @Test func `without a wish for errors there are none, and they fail nothing`() throws {
        let errors = try Self.overDevice { device in
            var socket = try EchoSocket()
            try socket.send(socket.request(5, payload: []), to: Self.there)
            let question = try device.receive(1).first ?? []
            let error = icmpError(type: 3, code: 1, about: question)
            _ = try device.send([packet(.icmp, from: Self.there, to: Self.here, payload: error)])
            try socket.send(socket.request(6, payload: []), to: Self.there)
            return (try socket.receive() == nil, try socket.nextError() == nil)
        }
        #expect(errors == (true, true))
    }
}

extension EchoSocket {
    /// The next reply within five seconds.
    fileprivate mutating func next() throws -> Reply? {
        let deadline = Clock.milliseconds + 5_000
        while Clock.milliseconds < deadline {
            if let reply = try receive() { return reply }
            var interests = [Poll.Interest.reading(descriptor)]
            try Poll.wait(for: &interests, timeoutMilliseconds: 1_000)
        }
        return nil
    }
}
