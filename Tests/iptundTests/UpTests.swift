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
        try Up.parse(["--peer", "192.0.2.1"] + arguments).settings()
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

    @Test func `no prefixes is not the same as all prefixes`() throws {
        #expect(try settings().peers[0].allowed == nil)
        #expect(try settings("--allowed-ips", "0.0.0.0/0").peers[0].allowed == [.all])
    }

    @Test func `a value may follow an equals sign`() throws {
        #expect(try settings("--mtu=1400", "--ttl=1").mtu == 1400)
    }

    @Test func `without a peer a tunnel can only take packets, and must be told from whom`() throws {
        let settings = try Up.parse(["--only", "decapsulate", "--accept-from", "any"]).settings()
        #expect(settings.peers.isEmpty)
        for arguments in [
            [], ["--only", "decapsulate"], ["--accept-from", "any"],
            ["--only", "decapsulate", "--accept-from", "any", "--allowed-ips", "10.0.0.0/8"],
        ] {
            let up = try Up.parse(arguments)
            let error = #expect(throws: Complaint.self) { try up.settings() }
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
        let error = #expect(throws: Complaint.self) { try up.settings() }
        #expect(error?.exitCode == 2)
    }

    @Test func `flags that say how, not what, are off unless given`() throws {
        let plain = try Up.parse(["--peer", "b"])
        #expect((plain.isDryRun, plain.verbose, plain.location.directory) == (false, false, nil))
        let other = try Up.parse(["--peer", "b", "--dry-run", "--verbose", "--runtime-directory", "/run/x"])
        #expect((other.isDryRun, other.verbose, other.location.directory) == (true, true, "/run/x"))
    }

    @Test(arguments: [
        ["--peer"], ["--peer", "b", "extra"], ["--peer", "b", "--mtu"], ["--peer", "b", "--unknown"],
    ])
    func `a flag that is missing, incomplete or unknown is refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { try Up.parse(arguments) }
    }
}
