// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// Packets that do not fit through the tunnel: what Linux did with them, and what we do.
@Suite struct CaptureTooLongTests {
    /// What Linux did behind a device that was not told of the path MTU, and what it then said fits.
    struct Case {
        let name: String
        let pathMTU: Int
        let tunnelMTU: UInt16
        let length: Int
    }

    static let cases = [
        Case(name: "09-big-mtu1500-pmtudisc.guest", pathMTU: 1500, tunnelMTU: 1480, length: 1500),
        Case(name: "10-big-mtu1500-nopmtudisc.guest", pathMTU: 1500, tunnelMTU: 1480, length: 1500),
        Case(name: "11-big-route-mtu.guest", pathMTU: 1300, tunnelMTU: 1280, length: 1400),
        Case(name: "11b-big-route-mtu-nopmtudisc.guest", pathMTU: 1300, tunnelMTU: 1280, length: 1400),
    ]

    @Test(arguments: cases) func `who may not be fragmented is told what Linux tells, octet for octet`(
        example: Case
    ) throws {
        let packets = try capturedPackets(example.name)
        let (offending, theirs) = (try forwarded(packets[1]), packets[2])
        for fragmentation in [OuterPolicy.FragmentationPolicy.set, .copy] {
            let tunnel = try Capture.inPlace(
                policy: OuterPolicy(fragmentation: fragmentation), mtu: 1500, pathMTU: example.pathMTU)
            let outcome = encapsulate(offending, by: tunnel)
            #expect(outcome.drop == .fragmentationNeeded)
            #expect(outcome.answer == .fragmentationNeeded(mtu: example.tunnelMTU))
            let ours = try answer(try #require(outcome.answer), about: outcome.bytes)
            // Type, code, checksum, MTU and all that is quoted.
            #expect(ours.dropFirst(20) == theirs.dropFirst(20))
            #expect(Array(ours[20..<22]) == [3, 4])
            #expect(Array(ours[26..<28]) == example.tunnelMTU.octets)
            #expect(Array(ours.dropFirst(28)) == Array(offending.prefix(548)))
            // It comes from the packet's destination instead of from a router, and without an identification.
            var header = Array(theirs.prefix(20))
            header.replaceSubrange(4..<6, with: [0, 0])
            header.replaceSubrange(10..<12, with: ours[10..<12])
            header.replaceSubrange(12..<16, with: Capture.usInside.octets)
            #expect(Array(ours.prefix(20)) == header)
            #expect(naiveSum(ours.prefix(20)) == 0xffff)
        }
    }

    @Test func `who may be fragmented is cut as Linux cuts behind a device that knows`() throws {
        let original = try forwarded(try #require(capturedPackets("08-big-mtu1480.guest").first))
        let theirs = try capturedPackets("08-big-mtu1480").map { try HeaderFacts($0).payload }
        let tunnel = try Capture.inPlace(mtu: 1500)
        let outcome = encapsulate(original, by: tunnel)
        #expect(outcome.drop == nil)
        #expect(try outcome.innerPackets() == theirs)
    }

    @Test(arguments: cases) func `who may be fragmented never falls into the black hole that Linux has there`(
        example: Case
    ) throws {
        let original = try forwarded(try #require(capturedPackets(example.name).first))
        let tunnel = try Capture.inPlace(mtu: 1500, pathMTU: example.pathMTU)
        let outcome = encapsulate(original, by: tunnel)
        #expect(outcome.drop == nil)
        #expect(outcome.answer == nil)
        let fragments = try outcome.innerPackets()
        #expect(fragments.count == 2)
        for fragment in fragments { #expect(fragment.count <= Int(example.tunnelMTU)) }
        #expect(original.count == example.length)
        #expect(try fragments.flatMap { try HeaderFacts($0).payload } == HeaderFacts(original).payload)
    }

    @Test(arguments: [("10-big-mtu1500-nopmtudisc", 1500), ("11b-big-route-mtu-nopmtudisc", 1300)])
    func `where DF is copied, the outer packet is fragmented as Linux does it, octet for octet`(
        name: String, pathMTU: Int
    ) throws {
        let original = try forwarded(try #require(capturedPackets("\(name).guest").first))
        let theirs = try capturedPackets(name)
        let policy = OuterPolicy(ttl: .inherit, fragmentation: .copy)
        let tunnel = try Capture.inPlace(policy: policy, mtu: 1500, pathMTU: pathMTU)
        let ours = try encapsulate(original, by: tunnel).outerPackets(identification: identification(of: theirs[0]))
        // All but the checksum, which is left to the kernel.
        #expect(ours == theirs.map { Array($0[..<10]) + [0, 0] + Array($0[12...]) })
    }

    /// The ICMP error as the device would deliver it.
    private func answer(_ error: ICMPv4Error, about packet: [UInt8]) throws -> [UInt8] {
        var answers = Answers()
        var batch = PacketBatch(capacity: 1)
        let outcome = answers.write(error, about: packet.octets, into: &batch[0], at: Example.now)
        try #require(outcome == .written)
        return octets(batch[0].bytes)
    }
}
