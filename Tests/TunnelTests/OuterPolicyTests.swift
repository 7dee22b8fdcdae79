// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// V1: the outer header for every policy, octet for octet.
@Suite struct OuterPolicyTests {
    /// What becomes of the traffic class, by what the inner one is.
    struct TrafficClass {
        let inner: UInt8
        /// With DSCP inherited, or fixed at 10; and with ECN normal, or compatible.
        let inherited: (normal: UInt8, compatible: UInt8)
        let fixed: (normal: UInt8, compatible: UInt8)
    }

    static let trafficClasses = [
        TrafficClass(inner: 0x00, inherited: (0x00, 0x00), fixed: (0x28, 0x28)),
        TrafficClass(inner: 0xb8, inherited: (0xb8, 0xb8), fixed: (0x28, 0x28)),
        TrafficClass(inner: 0x03, inherited: (0x03, 0x00), fixed: (0x2b, 0x28)),
        TrafficClass(inner: 0xff, inherited: (0xff, 0xfc), fixed: (0x2b, 0x28)),
    ]

    /// Identification and flags, as they stand in octets 4 to 7, around an inner packet without DF and with it.
    static let fragmentations: [(policy: OuterPolicy.FragmentationPolicy, without: [UInt8], with: [UInt8])] = [
        (.set, hex("00 00 40 00"), hex("00 00 40 00")),
        (.copy, hex("be ef 00 00"), hex("00 00 40 00")),
        (.clear, hex("be ef 00 00"), hex("be ef 00 00")),
    ]

    /// The outer TTL around an inner one of 7.
    static let ttls: [(policy: OuterPolicy.TTLPolicy, outer: UInt8)] = [
        (.fixed(.standard), 64), (.fixed(.maximum), 255), (.inherit, 7),
    ]

    @Test(arguments: fragmentations.indices, ttls.indices)
    func `all policies at once give this header`(fragmentation: Int, ttl: Int) throws {
        let (fragmentation, ttl) = (OuterPolicyTests.fragmentations[fragmentation], OuterPolicyTests.ttls[ttl])
        for row in OuterPolicyTests.trafficClasses {
            let expectations: [(OuterPolicy.DSCPPolicy, OuterPolicy.ECNPolicy, UInt8)] = [
                (.inherit, .normal, row.inherited.normal), (.inherit, .compatible, row.inherited.compatible),
                (.fixed(10), .normal, row.fixed.normal), (.fixed(10), .compatible, row.fixed.compatible),
            ]
            for (dscp, ecn, trafficClass) in expectations {
                let policy = OuterPolicy(
                    ttl: ttl.policy, fragmentation: fragmentation.policy, dscp: dscp, ecn: ecn)
                for (flags, middle) in [(0x0000, fragmentation.without), (0x4000, fragmentation.with)] {
                    let inner = TestPacket.outbound.with {
                        ($0.fragment, $0.trafficClass, $0.ttl) = (UInt16(flags), row.inner, 7)
                    }
                    let outcome = encapsulate(inner.bytes(), by: try TestTunnel(policy: policy))
                    // Version and IHL, total length 48, then protocol 4, no checksum, 192.0.2.1, 198.51.100.2.
                    let expected =
                        [0x45, trafficClass, 0x00, 0x30] + middle + [ttl.outer]
                        + hex("04 00 00 c0 00 02 01 c6 33 64 02")
                    #expect(try outcome.outerPackets(identification: 0xbeef) == [expected + inner.bytes()])
                }
            }
        }
    }

    @Test(arguments: [
        (OuterPolicy.ECNPolicy.normal, [0, 1, 2, 3] as [UInt8]), (.compatible, [0, 0, 0, 0] as [UInt8]),
    ]) func `each ECN is copied, or none is`(ecn: OuterPolicy.ECNPolicy, outer: [UInt8]) throws {
        let tunnel = try TestTunnel(policy: OuterPolicy(ecn: ecn))
        for codepoint in 0...3 as ClosedRange<UInt8> {
            let packet = TestPacket.outbound.with { $0.trafficClass = 0x28 | codepoint }.bytes()
            #expect(encapsulate(packet, by: tunnel).outer?.trafficClass == 0x28 | outer[Int(codepoint)])
        }
    }

    @Test(arguments: 0...63 as ClosedRange<UInt8>) func `every DSCP can be fixed or inherited`(dscp: UInt8) throws {
        let packet = TestPacket.outbound.with { $0.trafficClass = 0x5a }.bytes()
        let fixed = encapsulate(packet, by: try TestTunnel(policy: OuterPolicy(dscp: .fixed(dscp))))
        #expect(fixed.outer?.trafficClass == dscp * 4 + 2)
        let inner = TestPacket.outbound.with { $0.trafficClass = dscp * 4 + 1 }.bytes()
        #expect(encapsulate(inner, by: try TestTunnel()).outer?.trafficClass == dscp * 4 + 1)
    }

    @Test(arguments: 1...255 as ClosedRange<UInt8>) func `every TTL can be fixed or inherited`(ttl: UInt8) throws {
        let fixed = try TestTunnel(policy: OuterPolicy(ttl: .fixed(#require(TTL(rawValue: ttl)))))
        #expect(encapsulate(TestPacket.outbound.bytes(), by: fixed).outer?.ttl.rawValue == ttl)
        let packet = TestPacket.outbound.with { $0.ttl = ttl }.bytes()
        let inheriting = try TestTunnel(policy: OuterPolicy(ttl: .inherit))
        #expect(encapsulate(packet, by: inheriting).outer?.ttl.rawValue == ttl)
        #expect(encapsulate(packet, by: try TestTunnel()).outer?.ttl == .standard)
    }
}
