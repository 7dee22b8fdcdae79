// SPDX-License-Identifier: Apache-2.0

import Configuration
import ArgumentParser
import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct UpTests {
    private func settings(_ arguments: String...) throws -> TunnelSettings {
        try Up.parse(["--peer", "192.0.2.1"] + arguments).request().settings
    }

    @Test func `a peer alone is the smallest call`() throws {
        let expected = TunnelSettings(peers: [PeerSettings(endpoint: .address(IPv4Address(192, 0, 2, 1)))])
        #expect(try settings() == expected)
    }

    @Test func `every flag has its place`() throws {
        let parsed = try settings(
            "--local", "198.51.100.7", "--device", "tunl-b", "--address", "10.9.0.1/32,10.9.0.2", "--address",
            "10.9.0.3 peer 10.9.0.4", "--allowed-ips", "10.9.1.0/24", "--mtu", "1400", "--ttl", "inherit",
            "--df", "copy", "--dscp", "46", "--ecn", "compatible", "--min-ttl", "254", "--mss-clamp", "1200",
            "--accept-from", "203.0.113.0/24,198.51.100.1")
        var expected = TunnelSettings(peers: [PeerSettings(endpoint: .address(IPv4Address(192, 0, 2, 1)))])
        expected.local = IPv4Address(198, 51, 100, 7)
        expected.device = DeviceName("tunl-b")
        expected.addresses = ["10.9.0.1", "10.9.0.2", "10.9.0.3 peer 10.9.0.4"].compactMap { InterfaceAddress($0) }
        expected.peers[0].allowed = [try #require(Prefix("10.9.1.0/24"))]
        expected.mtu = 1400
        expected.policy.outer.ttl = .inherit
        expected.policy.outer.fragmentation = .copy
        expected.policy.outer.dscp = .fixed(46)
        expected.policy.outer.ecn = .compatible
        expected.policy.minimumTTL = 254
        expected.policy.clamp = .fixed(1200)
        expected.policy.local = expected.local
        expected.policy.acceptance = .also(["203.0.113.0/24", "198.51.100.1/32"].compactMap { Prefix($0) })
        #expect(parsed == expected)
    }

    @Test func `what is about the host has its place too`() throws {
        let parsed = try settings(
            "--peer-name", "b", "--allowed-ips", "10.9.1.0/24", "--table", "main", "--proxy-arp", "eth0 networks",
            "--forward", "--kill-switch", "--user", "nobody", "--workers", "auto", "--offload", "off", "--keepalive",
            "10s,3", "--probe", "10.9.1.1")
        var expected = TunnelSettings(
            peers: [
                PeerSettings(
                    name: "b", endpoint: .address(IPv4Address(192, 0, 2, 1)),
                    allowed: [try #require(Prefix("10.9.1.0/24"))], probe: IPv4Address(10, 9, 1, 1))
            ])
        expected.table = .number(254)
        expected.proxyARP = try ProxyARP(device: #require(DeviceName("eth0")), scope: .networks)
        (expected.forward, expected.killSwitch) = (.connected, .on)
        expected.user = "nobody"
        expected.workers = .automatic
        expected.offload = .off
        expected.keepalive = Keepalive(seconds: 10, misses: 3)
        #expect(parsed == expected)
        #expect(try settings("--netns", "x").namespace == "x")
    }

    /// A value that each key takes.
    private static let samples: [Key: String] = [
        .address: "10.9.0.1/32", .local: "auto", .device: "b", .mtu: "auto", .ttl: "64", .df: "set", .dscp: "inherit",
        .ecn: "normal", .minimumTTL: "1", .segmentSizeClamp: "auto", .table: "auto", .proxyARP: "eth0",
        .firewallMark: "0x7/0xff",
        .only: "decapsulate", .acceptFrom: "any", .namespace: "x", .user: "x", .workers: "1", .offload: "auto",
        .keepalive: "off", .name: "b", .endpoint: "b", .allowedIPs: "10.0.0.0/8",
        .probe: "10.0.0.1",
    ]

    @Test(arguments: Key.allCases) func `every key of a file is a flag`(key: Key) throws {
        let value = UpTests.samples[key]
        #expect((value == nil) == (key.valueName == nil))
        let draft = try Up.parse([key.flag] + [value].compactMap(\.self)).draft
        #expect(draft.interface + draft.peers.flatMap(\.entries) == [Entry(key, value ?? "yes")])
        #expect(draft.interface.isEmpty == (key.section == .peer))
    }

    @Test(arguments: Key.allCases) func `help says what a key means`(key: Key) {
        let help = Up.helpMessage(columns: 1_000).split(separator: "\n").map { $0.split(separator: " ") }
        let line = help.first { $0.first == key.flag[...] }
        let value = key.valueName.map { ["<\($0)>"] } ?? []
        let meaning = key.meaning.split(separator: " ").map(String.init)
        #expect(line?.dropFirst().map(String.init) == value + meaning)
    }

    @Test func `flags and a file are not mixed`() throws {
        for arguments in [["--mtu", "1400"], ["--peer", "c"], ["--forward"], ["--save", "c"]] {
            let up = try Up.parse(["b"] + arguments)
            let complaint = #expect(throws: Complaint.self) { try up.request() }
            #expect(complaint?.what == arguments[0])
            #expect(complaint?.exitCode == 2)
        }
    }

    @Test func `no prefixes is not the same as all prefixes`() throws {
        #expect(try settings().peers[0].allowed == nil)
        #expect(try settings("--allowed-ips", "0.0.0.0/0").peers[0].allowed == [.all])
    }

    @Test func `a value may follow an equals sign`() throws {
        #expect(try settings("--mtu=1400", "--ttl=1").mtu == 1400)
    }

    @Test func `without a peer a tunnel can only take packets, and must be told from whom`() throws {
        let settings = try Up.parse(["--only", "decapsulate", "--accept-from", "any"]).request().settings
        #expect(settings.peers.isEmpty)
        for arguments in [
            [], ["--only", "decapsulate"], ["--accept-from", "any"],
            ["--only", "decapsulate", "--accept-from", "any", "--allowed-ips", "10.0.0.0/8"],
        ] {
            let up = try Up.parse(arguments)
            let error = #expect(throws: Complaint.self) { try up.request() }
            #expect(error?.exitCode == 2, "\(arguments)")
        }
    }

    @Test(arguments: [
        ["--local", "b"], ["--device", "a/b"], ["--address", "x"], ["--allowed-ips", "10.0.0.1/8"], ["--mtu", "0"],
        ["--ttl", "0"], ["--df", "never"], ["--dscp", "64"], ["--ecn", "off"], ["--min-ttl", "0"],
        ["--mss-clamp", "1"],
        ["--only", "both"], ["--accept-from", "b"], ["--only", "encapsulate", "--accept-from", "any"],
        ["--address", "10.0.0.1,10.0.0.1"], ["--allowed-ips", ""],
    ])
    func `a value that makes no sense is wrong usage`(arguments: [String]) throws {
        let up = try Up.parse(["--peer", "192.0.2.1"] + arguments)
        let error = #expect(throws: Complaint.self) { try up.request() }
        #expect(error?.exitCode == 2)
    }

    @Test func `flags that say how, not what, are off unless given`() throws {
        let plain = try Up.parse(["--peer", "b"])
        #expect((plain.isDryRun, plain.verbose, plain.location.directory) == (false, false, nil))
        let other = try Up.parse(["--peer", "b", "--dry-run", "--verbose", "--runtime-directory", "/run/x"])
        #expect((other.isDryRun, other.verbose, other.location.directory) == (true, true, "/run/x"))
    }

    @Test(arguments: [
        ["--peer"], ["--peer", "b", "extra", "more"], ["--peer", "b", "--mtu"], ["--peer", "b", "--unknown"],
    ])
    func `a flag that is missing, incomplete or unknown is refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { try Up.parse(arguments) }
    }
}
