// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// `iptund status`, `show` and metrics never say up while nothing can pass, and say up again when something can.
///
/// ```
///   10.9.0.1/32  iptun0 ············································· iptun0  10.9.0.2/32
///                a  192.0.2.1 ──── 192.0.2.254  r  198.51.100.254 ──── 198.51.100.2  b
/// ```
@Suite(.needsRoot) struct StatusTests {
    /// What is done to the left host or to the router, what undoes it, and what the report then has to contain.
    struct Trouble: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var isAtRouter = false
        let make: String
        let mend: String
        let words: String
    }

    private static let troubles = [
        Trouble(
            testDescription: "the peer is routed into its own tunnel",
            make: "ip route add 198.51.100.0/24 dev iptun0 table 7; ip rule add priority 7 lookup 7",
            mend: "ip rule delete priority 7",
            words: "the tunnel itself"),
        Trouble(
            testDescription: "the next hop is gone", isAtRouter: true,
            make: "ip link set eth0 address 02:00:00:00:00:99; ip address flush dev eth0",
            mend: "ip address add 192.0.2.254/24 dev eth0; ip route add 192.0.2.0/24 dev eth0 2>/dev/null || true",
            words: "does not answer ARP"),
        Trouble(
            testDescription: "a firewall forbids what is sent",
            make: "nft 'table ip t { chain o { type filter hook output priority 0; ip protocol 4 drop; }; }'",
            mend: "nft delete table ip t", words: "none of its packets is sent"),
        Trouble(
            testDescription: "there is no route to the peer", make: "ip route delete default",
            mend: "ip route add default via 192.0.2.254", words: "no way to it"),
    ]

    @Test(arguments: troubles) func `it is degraded while it lasts, with the reason, and up afterwards`(
        trouble: Trouble
    ) throws {
        try Lab.open { lab in
            let (a, router, b) = try lab.routedPair()
            let tunnel = try a.up(
                "--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32")
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            _ = try a.start(["sh", "-c", "while :; do ping -n -i 0.2 10.9.0.2; sleep 0.1; done"])
            #expect(try a.iptund("status", tunnel.name).status == 0)
            let host = trouble.isAtRouter ? router : a
            try host.shell(trouble.make)
            if trouble.isAtRouter { try a.shell("ip neigh flush dev eth0") }
            try eventually("it is degraded") { try a.iptund("status", tunnel.name).status == 3 }
            let report = try tunnel.report { $0.problem?.contains(trouble.words) ?? false }
            #expect(report.state == "degraded")
            #expect(report.problem?.contains(trouble.words) == true, "\(report.problem ?? "none")")
            let metrics = try a.iptund("metrics").text
            #expect(metrics.contains("iptund_tunnel_up{tunnel=\"\(tunnel.name)\"} 0"), "\(metrics.prefix(2_000))")
            try host.shell(trouble.mend)
            try eventually("it is up") { try a.iptund("status", tunnel.name).status == 0 }
        }
    }

    @Test func `a peer that refuses everything and never sent anything is not up, and one that has is`() throws {
        try Lab.open { lab in
            let (a, _, b) = try lab.routedPair()
            try b.tellEverything()
            let tunnel = try a.up(
                "--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32")
            _ = try a.start(["ping", "-n", "-i", "0.2", "10.9.0.2"])
            let report = try tunnel.report { $0.state == "degraded" }
            #expect(report.problem?.contains("packets to it are refused") == true)
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            try eventually("it is up") { try a.iptund("status", tunnel.name).status == 0 }
        }
    }
}
