// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What routers say about outer packets reaches the senders of the inner ones, in their own terms.
///
/// ```
///   10.9.0.1  iptun0 ···················································· iptun0  10.9.0.2
///                    a ─── r1 ─── r2 (refuses protocol 4) ─── r3 ─── b
/// ```
@Suite(.needsRoot)
struct RelayTests {
    @Test(arguments: [
        ("net-unreachable", "Destination Net Unreachable", "network unreachable (ICMP 3/0 from 10.1.2.2)"),
        ("host-unreachable", "Destination Host Unreachable", "peer unreachable (ICMP 3/1 from 10.1.2.2)"),
        ("prot-unreachable", "Destination Host Unreachable", "nothing decapsulates there (ICMP 3/2 from 10.1.2.2)"),
        ("net-prohibited", "Packet filtered", "a firewall forbids protocol 4 (ICMP 3/9 from 10.1.2.2)"),
        ("host-prohibited", "Packet filtered", "a firewall forbids protocol 4 (ICMP 3/10 from 10.1.2.2)"),
        ("admin-prohibited", "Packet filtered", "a firewall forbids protocol 4 (ICMP 3/13 from 10.1.2.2)"),
    ])
    func `a refusal is handed on, from the inner destination, past a strict reverse path filter`(
        reject: String, heard: String, shown: String
    ) throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            let tunnel = try chain.tunnel()
            try chain.a.shell("echo 1 > /proc/sys/net/ipv4/conf/iptun0/rp_filter")
            try chain.r2.filter("forward", "ip protocol 4 reject with icmp type \(reject)")
            #expect(try chain.a.complaint(to: "10.9.0.2") == "From 10.9.0.1 icmp_seq=1 \(heard)")
            let report = try tunnel.a.report { $0.decapsulate.icmp_errors_sent == 1 }
            #expect(report.decapsulate.icmp_errors_sent == 1)
            #expect(report.peers.first?.icmp_errors_received == 1)
            #expect(report.peers.first?.last_icmp_error?.hasSuffix(shown) == true)
            #expect(report.encapsulateDrops == [:])
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `port unreachable says nothing about the sender's packet, and is not handed on`() throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            let tunnel = try chain.tunnel()
            try chain.r2.filter("forward", "ip protocol 4 reject with icmp type port-unreachable")
            #expect(try chain.a.ping("10.9.0.2", count: 5, "-W", "0.2") == 0)
            let report = try tunnel.a.report { $0.decapsulate.icmp_errors_received == 5 }
            #expect(report.decapsulate.icmp_errors_received == 5)
            #expect(report.decapsulate.icmp_errors_sent == 0)
            #expect(report.decapsulate.icmp_errors_rate_limited == 0)
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `an outer TTL that runs out is an unreachable host to those inside`() throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            let tunnel = try chain.tunnel("--ttl", "2")
            let complaint = try chain.a.complaint(to: "10.9.0.2")
            #expect(complaint == "From 10.9.0.1 icmp_seq=1 Destination Host Unreachable")
            let report = try tunnel.a.report { $0.decapsulate.icmp_errors_sent == 1 }
            let last = "the outer TTL ran out: a routing loop, or a TTL that is too low (ICMP 11/0 from 10.1.2.2)"
            #expect(report.peers.first?.last_icmp_error == last)
            try tunnel.a.expectEveryPacketAccountedFor()
        }
    }

    @Test func `with --ttl inherit the sender's own TTL runs out silently, on the way as at its end`() throws {
        try Lab.open { lab in
            let chain = try lab.chain()
            let tunnel = try chain.tunnel("--ttl", "inherit")
            #expect(try chain.a.ping("10.9.0.2", "-t", "3", "-W", "0.3") == 0)
            let report = try tunnel.a.report { $0.decapsulate.icmp_errors_received == 3 }
            #expect(report.decapsulate.icmp_errors_received == 3)
            #expect(report.decapsulate.icmp_errors_sent == 0)
            #expect(try chain.a.ping("10.9.0.2", "-t", "4") == 3)
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    /// See ``Lab/sites(a:b:)`` for the hosts behind the tunnel.
    @Test func `a host behind the gateway hears it too`() throws {
        try Lab.open { lab in
            let (sites, tunnel) = try lab.sites()
            try sites.chain.r2.filter("forward", "ip protocol 4 reject with icmp type admin-prohibited")
            #expect(try sites.left.complaint(to: "10.20.2.9") == "From 10.20.1.1 icmp_seq=1 Packet filtered")
            for end in [tunnel.a, tunnel.b] { try end.expectEveryPacketAccountedFor() }
        }
    }
}

extension Host {
    /// What a single echo request to `address` is told instead of being answered.
    fileprivate func complaint(to address: String) throws -> String? {
        let text = try run(["ping", "-n", "-c", "1", "-W", "2", address]).text
        return text.split(separator: "\n").first { $0.hasPrefix("From ") }.map(String.init)
    }
}
