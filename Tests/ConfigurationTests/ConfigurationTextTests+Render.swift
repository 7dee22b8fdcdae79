// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import Configuration

/// Settings as text.
extension ConfigurationTextTests {
    @Test func `the smallest tunnel is a small file`() throws {
        let text = ConfigurationText.render(TunnelSettings(peers: [PeerSettings(endpoint: .name("b"))]))
        #expect(
            text == """
                # An IP-in-IP tunnel; 'iptund up' with the name of this file carries it.
                [Interface]

                [Peer]
                Endpoint   = b

                """)
    }

    @Test func `every key is written, and reads back`() throws {
        let settings = try settings(ConfigurationTextTests.example)
        let text = ConfigurationText.render(settings)
        #expect(try interpret(text).checked() == settings)
        let written = Set(text.split(separator: "\n").compactMap { Key(named: String($0.prefix { $0 != " " })) })
        #expect(Set(Key.allCases).subtracting(written) == [.only, .namespace])
    }

    @Test func `whatever settings somebody may have, their file reads back as the same`() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var generator = SplitMix(state: seed)
        for _ in 0..<500 {
            let settings = TunnelSettings.random(using: &generator)
            let text = ConfigurationText.render(settings)
            let found = interpret(text)
            #expect(found.mistakes.isEmpty, "seed \(seed): \(text)")
            #expect(found.settings == settings, "seed \(seed): \(text)")
        }
    }
}

/// A generator that repeats what it did when it is given the same seed (Steele et al., "Fast Splittable Pseudorandom
/// Number Generators").
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

extension TunnelSettings {
    /// Settings that go together.
    fileprivate static func random(using generator: inout SplitMix) -> TunnelSettings {
        var settings = TunnelSettings(peers: peers(using: &generator))
        func some<Value>(_ value: Value) -> Value? { Bool.random(using: &generator) ? value : nil }
        settings.device = ["tun", "a.b", "_1", "a-b"].randomElement(using: &generator).flatMap {
            some($0)
        }
        .flatMap { DeviceName($0) }
        settings.local = some(IPv4Address(198, 51, 100, 7))
        settings.policy.local = settings.local
        settings.addresses = ["10.0.0.1", "10.0.0.2/24", "10.0.0.3 peer 10.0.0.4", "10.0.0.5 peer 10.0.0.6/30"]
            .compactMap { InterfaceAddress($0) }.filter { _ in Bool.random(using: &generator) }
        settings.mtu = some(Int.random(in: TunnelSettings.mtuRange, using: &generator))
        settings.user = some("iptund")
        settings.workers = [.automatic, .fixed(1), .fixed(16)].randomElement(using: &generator) ?? .automatic
        settings.offload = Offload.allCases.randomElement(using: &generator) ?? .off
        settings.policy.clamp = [.off, .auto, .fixed(88)].randomElement(using: &generator) ?? .off
        let ways: [Forwarding] = [
            .off, .connected, .devices(["lan"].compactMap { DeviceName($0) }),
            .devices(["a", "b.5"].compactMap { DeviceName($0) }),
        ]
        settings.forward = ways.randomElement(using: &generator) ?? .off
        if settings.peers.contains(where: { $0.allowed != nil }) {
            settings.table = [.automatic, .off, .number(1), .number(.max)].randomElement(using: &generator) ?? .off
            if Bool.random(using: &generator) {
                settings.mark = PacketMark(UInt32.random(in: 1...255, using: &generator), mask: 0xff)
            }
            if settings.table != .off, let any = KillSwitch.allCases.randomElement(using: &generator) {
                settings.killSwitch = any
            }
            settings.proxyARP = DeviceName("eth0.5").flatMap { some(ProxyARP(device: $0)) }
            if Bool.random(using: &generator) { settings.proxyARP?.scope = .networks }
        }
        if settings.forward == .off, settings.proxyARP == nil { settings.namespace = some("cni-1@x") }
        settings.policy.randomize(using: &generator, mayBothWays: !settings.peers.isEmpty)
        if settings.policy.only == nil { settings.keepalive = some(Keepalive(seconds: 3_600, misses: 1)) }
        return settings
    }

    private static func peers(using generator: inout SplitMix) -> [PeerSettings] {
        let count = Int.random(in: 0...4, using: &generator)
        return (0..<count).map { number in
            let octet = UInt8(number)
            let endpoint: PeerAddress =
                Bool.random(using: &generator)
                ? .address(IPv4Address(192, 0, 2, octet)) : .name("host-\(number).example")
            var peer = PeerSettings(endpoint: endpoint)
            if Bool.random(using: &generator) { peer.name = "peer_\(number)" }
            if count > 1 || Bool.random(using: &generator) {
                let lengths = [8 + number, 24, 32].prefix(Int.random(in: 1...3, using: &generator))
                peer.allowed = lengths.compactMap { Prefix(IPv4Address(10, octet, 0, 0), length: $0) }
            }
            // No address of the device, nor of its networks as a whole.
            peer.probe = Bool.random(using: &generator) ? IPv4Address(10, octet, 0, 77) : nil
            if let first = peer.allowed?.first, let probe = peer.probe, !first.contains(probe) { peer.probe = nil }
            return peer
        }
    }
}

extension TunnelPolicy {
    fileprivate mutating func randomize(using generator: inout SplitMix, mayBothWays: Bool) {
        let ways: [Direction?] = mayBothWays ? [nil, .encapsulate, .decapsulate] : [.decapsulate]
        only = ways.randomElement(using: &generator) ?? nil
        if only != .decapsulate {
            outer.ttl = [.inherit, .fixed(.standard), .fixed(.maximum)].randomElement(using: &generator) ?? .inherit
            outer.fragmentation = OuterPolicy.FragmentationPolicy.allCases.randomElement(using: &generator) ?? .set
            outer.dscp = [.inherit, .fixed(0), .fixed(63)].randomElement(using: &generator) ?? .inherit
            outer.ecn = OuterPolicy.ECNPolicy.allCases.randomElement(using: &generator) ?? .normal
        }
        if only != .encapsulate {
            minimumTTL = [nil, 1, 255].randomElement(using: &generator) ?? nil
            let others = ["203.0.113.0/24", "198.51.100.1"].compactMap { Prefix($0) }
            acceptance = [.also([.all]), .also(others)].randomElement(using: &generator) ?? .peers
            if mayBothWays, Bool.random(using: &generator) { acceptance = .peers }
        }
    }
}
