// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing
import Wire

/// ICMP errors, which must cost no packet: the socket never hears of them.
extension RawSenderTests {
    /// Every code of "destination unreachable", and the other types that the kernel reports.
    static let reported = (0...15).map { (UInt8(3), UInt8($0)) } + [(11, 0), (12, 0)]

    @Test(arguments: reported) func `an ICMP error costs no later packet`(type: UInt8, code: UInt8) throws {
        let (fates, received) = try Self.overDevice { sender, device in
            let witness = try RawReceiver(capacity: 1)
            _ = try sender.send([Self.inner, Self.inner, Self.inner], outer: Self.fields())
            for outer in try device.receive(3) {
                let quoting = icmpError(type: type, code: code, about: outer)
                _ = try device.send([packet(.icmp, from: IPv4Address(10, 0, 0, 254), to: Self.here, payload: quoting)])
            }
            try witness.waitForErrors()
            return (try sender.send([Self.inner, Self.inner], outer: Self.fields()), try device.receive(2).count)
        }
        #expect(fates == [.delivered, .delivered])
        #expect(received == 2)
    }

    @Test(arguments: [1, 4]) func `a crowd of ICMP errors about others costs no packet`(code: UInt8) throws {
        let fates = try Self.overDevice { sender, device in
            let witness = try RawReceiver(capacity: 1)
            let (from, to) = (IPv4Address(203, 0, 113, 1), IPv4Address(203, 0, 113, 2))
            let quoting = icmpError(type: 3, code: code, about: packet(.ipip, from: from, to: to, payload: Self.inner))
            let forged = packet(.icmp, from: IPv4Address(10, 0, 0, 254), to: Self.here, payload: quoting)
            for _ in 0..<40 { _ = try device.send(.init(repeating: forged, count: 8)) }
            try witness.waitForErrors()
            return try sender.send([Self.inner, Self.inner], outer: Self.fields())
        }
        #expect(fates == [.delivered, .delivered])
    }

    /// Older kernels hand such an error to the socket; it must cost nothing there either.
    @Test func `an ICMP error that quotes protocol 255 costs no packet`() throws {
        let fates = try Self.overDevice { sender, device in
            let quoted = packet(IPProtocol(rawValue: 255), from: Self.here, to: Self.here, payload: Self.inner)
            let forged = packet(
                .icmp, from: IPv4Address(10, 0, 0, 254), to: Self.here,
                payload: icmpError(type: 3, code: 1, about: quoted))
            _ = try device.send([forged, forged])
            return try sender.send([Self.inner, Self.inner], outer: Self.fields())
        }
        #expect(fates == [.delivered, .delivered])
    }

    @Test func `after a packet that was too long, waiting for room is waiting`() throws {
        let (fates, isPending) = try Self.overDevice { sender, _ in
            let long = packet(.udp, from: Self.here, to: Self.there, payload: .init(repeating: 0, count: 1461))
            let fates = try sender.send([long, long, Self.inner], outer: Self.fields())
            // An error that nobody has read would end every wait at once.
            var entry = pollfd(fd: sender.descriptor.rawValue, events: 0, revents: 0)
            return (fates, unsafe poll(&entry, 1, 0) != 0)
        }
        #expect(fates == [.failed(EMSGSIZE), .failed(EMSGSIZE), .delivered])
        #expect(!isPending)
    }
}

extension RawReceiver {
    /// Waits until something stands in the error queue: what every socket has heard of that can.
    fileprivate func waitForErrors() throws {
        var entry = pollfd(fd: descriptor.rawValue, events: 0, revents: 0)
        guard unsafe poll(&entry, 1, 5_000) == 1 else { throw Errno.wouldBlock }
    }
}
