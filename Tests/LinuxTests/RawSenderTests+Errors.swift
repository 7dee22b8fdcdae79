// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing
import Wire

/// ICMP errors, which must cost no packet, and the guard, which must provoke none.
extension RawSenderTests {
    /// Every code of "destination unreachable", and the other types that the kernel reports.
    static let reported = (0...15).map { (UInt8(3), UInt8($0)) } + [(11, 0), (12, 0)]

    @Test(arguments: reported) func `an ICMP error costs no later packet`(type: UInt8, code: UInt8) throws {
        let (fates, received) = try Self.overDevice { sender, device in
            _ = try sender.send([Self.inner, Self.inner, Self.inner], outer: Self.fields())
            for outer in try device.receive(3) {
                let quoting = icmpError(type: type, code: code, about: outer)
                _ = try device.send([packet(.icmp, from: IPv4Address(10, 0, 0, 254), to: Self.here, payload: quoting)])
            }
            try sender.waitForErrors()
            return (try sender.send([Self.inner, Self.inner], outer: Self.fields()), try device.receive(2).count)
        }
        #expect(fates == [.delivered, .delivered])
        #expect(received == 2)
    }

    @Test(arguments: [1, 4]) func `a crowd of ICMP errors about others costs no packet`(code: UInt8) throws {
        let fates = try Self.overDevice { sender, device in
            let (from, to) = (IPv4Address(203, 0, 113, 1), IPv4Address(203, 0, 113, 2))
            let quoting = icmpError(type: 3, code: code, about: packet(.ipip, from: from, to: to, payload: Self.inner))
            let forged = packet(.icmp, from: IPv4Address(10, 0, 0, 254), to: Self.here, payload: quoting)
            for _ in 0..<40 { _ = try device.send(.init(repeating: forged, count: 8)) }
            try sender.waitForErrors()
            return try sender.send([Self.inner, Self.inner], outer: Self.fields())
        }
        #expect(fates == [.delivered, .delivered])
    }

    /// Sends us protocol 4 and then protocol 253: the protocol of the packet that the kernel first complained about.
    private func firstComplaint(guarded: Bool) throws -> IPProtocol? {
        try inFreshNetwork {
            var device = try TUNDevice(name: "network")
            try shell("echo 0 > /proc/sys/net/ipv4/icmp_ratelimit")
            try shell("ip link set network addrgenmode none up; ip address add \(Self.here)/24 dev network")
            let sender = guarded ? try RawSender(capacity: 1) : nil
            defer { _ = sender == nil }
            _ = try device.send(
                [.ipip, IPProtocol(rawValue: 253)].map {
                    packet($0, from: Self.there, to: Self.here, payload: packet(.udp, from: Self.there, to: Self.here))
                })
            // An outer header of 20 octets, 8 of ICMP, and the protocol in the header that follows.
            return try device.receive(1).first.map { IPProtocol(rawValue: $0[20 + 8 + 9]) }
        }
    }

    @Test func `without it the kernel complains about a packet that no socket took`() throws {
        #expect(try firstComplaint(guarded: false) == .ipip)
    }

    @Test(.disabled(if: Files.exists("/sys/module/tunnel4"), "the kernel's own tunnel code answers for protocol 4"))
    func `with it, it does not`() throws {
        #expect(try firstComplaint(guarded: true) == IPProtocol(rawValue: 253))
    }
}

extension RawSender {
    /// Waits until something stands in the error queue.
    fileprivate func waitForErrors() throws {
        var entry = pollfd(fd: descriptor.rawValue, events: 0, revents: 0)
        guard unsafe poll(&entry, 1, 5_000) == 1 else { throw Errno.wouldBlock }
    }
}
