// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Tunnels of one host that meet: at once, by name, beside one that does not answer.
///
/// ```
///   a  192.0.2.1/24, 192.0.2.11/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct RivalTests {
    private static let program = [Host.program, "up"]

    private func options(_ device: String, _ address: Int, _ allowed: String, peer: String = "192.0.2.2") -> [String] {
        ["--device", device, "--peer", peer, "--address", "10.8.\(address).1/32", "--allowed-ips", allowed]
    }

    /// openwrt/openwrt#18157: several start in one moment.
    @Test func `of two that start at once and take the same one is refused, five times of five`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            for _ in 1...5 {
                let rivals = try [options("p", 0, "10.9.0.0/16"), options("q", 1, "10.9.1.0/24")].map {
                    try a.start(Self.program + $0)
                }
                try eventually("one is up, the other has ended") {
                    rivals.filter(\.hasEnded).count == 1 && rivals.contains { $0.text.contains(" is up: ") }
                }
                let ended = rivals.first { $0.hasEnded }
                let loser = try #require(ended)
                #expect(try loser.wait() == 1)
                #expect(loser.text.contains("takes 10.9.1.0/24 from it already"), "\(loser.text)")
                for rival in rivals where !rival.hasEnded {
                    rival.signal(SIGTERM)
                    #expect(try rival.wait() == 0)
                }
            }
        }
    }

    /// iproute2/iproute2#17, vyos/vyos-1x#986: one remote, two local addresses.
    @Test func `two tunnels to one remote from two addresses of ours carry both`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try a.shell("ip address add 192.0.2.11/24 dev eth0")
            for (device, local, last) in [("t1", "192.0.2.1", 1), ("t2", "192.0.2.11", 2)] {
                _ = try b.up(
                    "--device", device, "--peer", local, "--address", "10.9.\(last).2/32", "--allowed-ips",
                    "10.9.\(last).1/32")
                _ = try a.up(
                    "--device", device, "--peer", "192.0.2.2", "--local", local, "--address", "10.9.\(last).1/32",
                    "--allowed-ips", "10.9.\(last).2/32")
            }
            for last in 1...2 { #expect(try a.ping("10.9.\(last).2") == 3) }
            let same = [
                "--device", "t3", "--peer", "192.0.2.2", "--local", "192.0.2.11", "--allowed-ips", "10.9.0.0/16",
            ]
            #expect(
                try a.refuses(Self.program + same, status: 1).contains("tunnel t2 takes 10.9.2.2/32 from it already"))
        }
    }

    /// What `up` says, `--dry-run` and `reload` say, too.
    @Test func `there is one answer, whoever is asked, also beside a tunnel that does not answer`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let first = try a.up(options("t1", 0, "10.9.0.0/16"))
            func file(_ allowed: String) throws -> String {
                try lab.file(
                    "a/t2", "[Interface]\nDevice = t2\n[Peer]\nEndpoint = 192.0.2.2\nAllowedIPs = \(allowed)\n")
            }
            let why = "tunnel t1 takes 10.9.1.0/24 from it already"
            for isStopped in [false, true] {
                if isStopped { first.process.signal(SIGSTOP) }
                defer { first.process.signal(SIGCONT) }
                let source = try file("10.9.1.0/24")
                for extra in [[], ["--dry-run"]] {
                    let message = try a.refuses(Self.program + [source] + extra, status: 1)
                    #expect(message.contains(why), "\(message)")
                }
                let second = try a.up([try file("10.5.0.0/16")])
                _ = try file("10.9.1.0/24")
                #expect(try a.refuses([Host.program, "reload", "t2"], status: 1).contains(why))
                #expect(try second.end() == 0)
            }
        }
    }

    /// Two names that turn out to lead to one address.
    @Test func `a name that leads to another tunnel's peer is refused, until that one is gone`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.8.0.1/32,10.8.1.1/32")
            let first = try a.up(options("t1", 0, "10.9.0.0/24"))
            let book = try NameBook(lab, "192.0.2.2 b.example")
            let second = try a.up(options("t2", 1, "10.9.0.0/16", peer: "b.example"), through: book.wrapper)
            let report = try second.report { $0.peers.first?.problem?.contains("tunnel t1 takes") == true }
            #expect(report.state == "degraded")
            #expect(try a.shell("ip route show table all dev t2 proto 203").isEmpty)
            // What b sends is delivered once.
            #expect(try a.ping("10.9.0.2") == 3)
            #expect(try first.end() == 0)
            try eventually("the other one has it", within: 40) { try second.report().peers.first?.problem == nil }
            try eventually("it carries") {
                try a.run(["ping", "-n", "-c", "1", "-W", "0.3", "-I", "10.8.1.1", "10.9.0.2"]).status == 0
            }
        }
    }

    /// netbirdio/netbird#4069: an endpoint inside of another peer's AllowedIPs.
    @Test func `a peer that lies in another peer's AllowedIPs of the same file is reached beside the tunnel`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let c = try lab.host("c")
            try lab.connect(a, "eth1", "10.5.0.1/24", c, "eth0", "10.5.0.2/24")
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32,10.5.7.1/32", "--allowed-ips", "10.9.0.1/32")
            _ = try c.up("--peer", "10.5.0.1", "--address", "10.9.0.3/32", "--allowed-ips", "10.9.0.1/32")
            let text = """
                [Interface]
                Address = 10.9.0.1/32
                [Peer]
                Endpoint = 192.0.2.2
                AllowedIPs = 10.9.0.2/32, 10.0.0.0/8, 10.5.0.0/24
                [Peer]
                Endpoint = 10.5.0.2
                AllowedIPs = 10.9.0.3/32

                """
            let tunnel = try a.up([try lab.file("a/both", text)])
            for address in ["10.9.0.2", "10.9.0.3", "10.5.7.1"] { #expect(try a.ping(address) == 3) }
            #expect(try tunnel.report().encapsulateDrops["loop"] ?? 0 == 0)
        }
    }
}
