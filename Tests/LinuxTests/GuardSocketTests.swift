// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire

@Suite(.needsRoot) struct GuardSocketTests {
    static let here = IPv4Address(10, 0, 0, 1)
    static let there = IPv4Address(10, 0, 0, 2)

    /// Sends us protocol 4 and then protocol 253: the protocol of the packet that the kernel first complained about.
    private func firstComplaint(guarded: Bool) throws -> IPProtocol? {
        try inFreshNetwork {
            var device = try TUNDevice(name: "network")
            try shell(
                "echo 0 > /proc/sys/net/ipv4/icmp_ratelimit; ip link set network up; ip address add \(Self.here)/24 dev network"
            )
            let guardSocket = guarded ? try GuardSocket() : nil
            defer { _ = guardSocket == nil }
            _ = try device.send(
                [.ipip, IPProtocol(rawValue: 253)].map {
                    packet($0, from: Self.there, to: Self.here, payload: packet(.udp, from: Self.there, to: Self.here))
                })
            // An outer header of 20 octets, 8 of ICMP, and the protocol in the header that follows.
            return try device.receive(1).first.map { IPProtocol(rawValue: $0[20 + 8 + 9]) }
        }
    }

    @Test func `without a guard the kernel complains about a packet that no socket took`() throws {
        #expect(try firstComplaint(guarded: false) == .ipip)
    }

    @Test(.disabled(if: Files.exists("/sys/module/tunnel4"), "the kernel's own tunnel code answers for protocol 4"))
    func `with a guard it does not`() throws {
        #expect(try firstComplaint(guarded: true) == IPProtocol(rawValue: 253))
    }
}
