// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

/// About which packets no ICMP error is ever sent (RFC 1122 §3.2.2, RFC 1812 §4.3.2.7).
@Suite struct MayBeAnsweredTests {
    @Test func `an ordinary packet may be answered`() throws {
        #expect(try mayBeAnswered(BuiltPacket(payload: [1])))
        #expect(try mayBeAnswered(BuiltPacket()))
    }

    /// Echo, router discovery, timestamp, information and address mask, as requests and as replies.
    static let queries: Set<UInt8> = [0, 8, 9, 10, 13, 14, 15, 16, 17, 18]

    @Test(arguments: 0...255 as ClosedRange<UInt8>)
    func `of the ICMP types, those may be answered that are known to be no errors`(type: UInt8) throws {
        let packet = BuiltPacket(carried: 1, payload: [type, 0, 0, 0, 0, 0, 0, 0])
        #expect(try mayBeAnswered(packet) == MayBeAnsweredTests.queries.contains(type))
    }

    @Test func `an ICMP packet whose type is missing is not answered`() throws {
        #expect(try !mayBeAnswered(BuiltPacket(carried: 1)))
        #expect(try mayBeAnswered(BuiltPacket(carried: 1, payload: [8])))
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>)
    func `what another protocol carries does not matter`(carried: UInt8) throws {
        for first in [0, 3, 11] as [UInt8] where carried != 1 {
            #expect(try mayBeAnswered(BuiltPacket(carried: carried, payload: [first, 0, 0, 0])))
        }
    }

    @Test func `of a fragmented packet only the first fragment may be answered`() throws {
        for field in 0...UInt16.max {
            let bytes = BuiltPacket(fragment: field, payload: [1]).bytes
            if try IPv4Packet(bytes.octets).mayBeAnswered != (field & 0x1fff == 0) { Issue.record("\(field)") }
        }
    }

    @Test(arguments: 0...255 as ClosedRange<UInt8>)
    func `neither a group nor anybody who is not a single host is answered, or answered about`(first: UInt8) throws {
        let isHost = (1...126).contains(first) || (128...223).contains(first)
        for rest in [[0, 0, 0], [0, 0, 1], [1, 2, 3], [255, 255, 255]] as [[UInt8]] {
            #expect(try mayBeAnswered(BuiltPacket(source: [first] + rest)) == isHost)
            #expect(try mayBeAnswered(BuiltPacket(destination: [first] + rest)) == isHost)
            #expect(try mayBeAnswered(BuiltPacket(carried: 1, source: [first] + rest, payload: [8])) == isHost)
        }
    }

    @Test func `no message of ours may be answered`() throws {
        let packet = BuiltPacket(payload: [1, 2, 3, 4, 5, 6, 7, 8]).bytes
        for error in ICMPv4ErrorTests.messages.map(\.error) {
            var bytes = [UInt8](repeating: 0, count: ICMPv4Error.maximumLength)
            let length = changing(&bytes) { span in
                guard let quote = IPv4Quote(packet.octets) else { return 0 }
                return error.write(about: quote, to: &span)
            }
            let answer = try IPv4Packet(bytes.octets)
            let (totalLength, mayBeAnswered) = (answer.totalLength, answer.mayBeAnswered)
            #expect(totalLength == length)
            #expect(!mayBeAnswered)
        }
    }

    private func mayBeAnswered(_ packet: BuiltPacket) throws -> Bool {
        let bytes = packet.bytes
        return try IPv4Packet(bytes.octets).mayBeAnswered
    }
}
