// SPDX-License-Identifier: Apache-2.0

@testable import Linux
import Testing
import Wire

/// What the network says about packets that were sent.
extension RawSocketTests {
    /// Every code of "destination unreachable", and the other types that the kernel reports.
    static let reported = (0...15).map { (UInt8(3), UInt8($0)) } + [(11, 0), (12, 0)]

    @Test(arguments: reported) func `an ICMP error is reported, and costs no later packet`(type: UInt8, code: UInt8)
        throws
    {
        let router = IPv4Address(10, 0, 0, 254)
        let (fates, received, errors, again) = try Self.overDevice { socket, device in
            _ = try socket.send([Self.inner], outer: Self.fields())
            let outer = try device.receive(1)
            let quoting = icmpError(type: type, code: code, about: outer.first ?? [])
            _ = try device.send([packet(.icmp, from: router, to: Self.here, payload: quoting)])
            guard socket.isReadable(withinMilliseconds: 5_000) else { throw Errno.wouldBlock }
            let fates = try socket.send([Self.inner, Self.inner], outer: Self.fields())
            return (fates, try device.receive(2).count, socket.takeErrors(), socket.takeErrors())
        }
        #expect(fates == [.delivered, .delivered])
        #expect(received == 2)
        #expect(errors.count == 1)
        #expect(errors.last == ICMPError(type: type, code: code, offender: router))
        #expect(again.count == 0)
        #expect(again.last == nil)
    }

    @Test(arguments: reported) func `receiving drains the queue too, and leaves nothing to wake up for`(
        type: UInt8, code: UInt8
    ) throws {
        let (count, isReadable, errors) = try Self.overDevice { socket, device in
            _ = try socket.send([Self.inner, Self.inner, Self.inner], outer: Self.fields())
            for outer in try device.receive(3) {
                let quoting = icmpError(type: type, code: code, about: outer)
                _ = try device.send([packet(.icmp, from: Self.there, to: Self.here, payload: quoting)])
            }
            var batch = PacketBatch(capacity: 8)
            while socket.errors.count < 3, socket.isReadable(withinMilliseconds: 5_000) { try socket.fill(&batch) }
            return (batch.count, socket.isReadable(withinMilliseconds: 0), socket.takeErrors())
        }
        #expect(count == 0)
        #expect(!isReadable)
        #expect(errors.count == 3)
    }

    @Test func `an error about a packet to somebody else is none of ours`() throws {
        let (fates, errors) = try Self.overDevice { socket, device in
            var fields = Self.fields()
            fields.destination = IPv4Address(10, 0, 0, 77)
            _ = try socket.send([Self.inner], outer: fields)
            let quoting = icmpError(type: 3, code: 1, about: try device.receive(1).first ?? [])
            _ = try device.send([packet(.icmp, from: Self.there, to: Self.here, payload: quoting)])
            guard socket.isReadable(withinMilliseconds: 5_000) else { throw Errno.wouldBlock }
            return (try socket.send([Self.inner], outer: Self.fields()), socket.takeErrors())
        }
        #expect(fates == [.delivered])
        #expect(errors.count == 0)
    }
}
