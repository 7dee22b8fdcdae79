// SPDX-License-Identifier: Apache-2.0

@testable import Linux
import Testing
import Wire

@Suite(.needsRoot) struct GuardTests {
    /// Sends us protocol 4 and then protocol 253: the protocol of the packet that the kernel first complained about.
    private func firstComplaint(guarded: Bool) throws -> IPProtocol? {
        try inFreshNetwork {
            var device = try TUNDevice(name: "network")
            try shell("echo 0 > /proc/sys/net/ipv4/icmp_ratelimit")
            try shell("ip link set network addrgenmode none up; ip address add \(RawSenderTests.here)/24 dev network")
            let kernelGuard = guarded ? try Guard() : nil
            defer { _ = kernelGuard == nil }
            _ = try device.send(
                [.ipip, IPProtocol(rawValue: 253)].map {
                    packet(
                        $0, from: RawSenderTests.there, to: RawSenderTests.here,
                        payload: packet(.udp, from: RawSenderTests.there, to: RawSenderTests.here))
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
