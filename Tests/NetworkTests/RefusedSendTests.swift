// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Outer packets that the host itself does not let go: each kind has its name, and its sender inside is told what a router
/// would tell.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct RefusedSendTests {
    /// What a tunnel drops and what `ping` says after `script` has changed the host.
    private func drops(after script: String) throws -> (drops: [String: Int], text: String, answers: Int) {
        var seen: (drops: [String: Int], text: String, answers: Int) = ([:], "", 0)
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let tunnel = try lab.upA(a)
            _ = try lab.upB(b)
            try a.shell(script)
            let text = try a.run(["ping", "-n", "-c", "3", "-i", "0.05", "-W", "1", "10.9.0.2"]).text
            let report = try tunnel.report { $0.encapsulate.received == 3 && $0.encapsulate.dropped == 3 }
            seen = (report.peers[0].sent.drops, text, report.encapsulate.icmp_errors_sent)
        }
        return seen
    }

    @Test func `a peer without a route is unreachable, and the sender hears it`() throws {
        let (drops, text, answers) = try drops(
            after: "ip route replace unreachable 192.0.2.2")
        #expect(drops == ["unreachable": 3])
        #expect(text.contains("From 10.9.0.1 icmp_seq=1 Destination Host Unreachable"))
        // One a second, to one sender.
        #expect(answers == 1)
    }

    /// An error comes from an address of the host that has it to say (RFC 1812 §4.3.2.4), through NAT as well: the packet that
    /// it is about had another source when the tunnel saw it.
    @Test(arguments: [false, true])
    func `a host behind the gateway hears from the gateway`(isMasqueraded: Bool) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let h = try lab.host("h")
            try lab.connect(a, "lan", "10.20.1.1/24", h, "eth0", "10.20.1.5/24")
            try h.shell("ip route add default via 10.20.1.1")
            _ = try lab.upA(a, ["--forward"])
            if isMasqueraded {
                try a.shell(
                    "nft add table ip n; nft 'add chain ip n p { type nat hook postrouting priority srcnat; }'; "
                        + "nft add rule ip n p oifname iptun0 masquerade")
            }
            try a.shell("ip route replace unreachable 192.0.2.2")
            let text = try h.run(["ping", "-n", "-c", "2", "-i", "1.1", "-W", "1", "10.9.0.2"]).text
            let answers = text.split(separator: "\n").filter { $0.hasSuffix("Destination Host Unreachable") }
            // The kernel takes the address on the way to the source that the tunnel saw.
            let own = isMasqueraded ? "10.9.0.1" : "10.20.1.1"
            #expect(!answers.isEmpty && answers.allSatisfy { $0.hasPrefix("From \(own) ") }, "\(text)")
        }
    }

    @Test func `a firewall on output is named`() throws {
        let (drops, _, _) = try drops(
            after: "nft 'add table ip x; add chain ip x out { type filter hook output priority 0; }'; "
                + "nft add rule ip x out ip protocol 4 drop")
        #expect(drops == ["forbidden": 3])
    }

    @Test func `a queue of the host that is full is named`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let tunnel = try lab.upA(a)
            _ = try lab.upB(b)
            try a.shell("tc qdisc add dev eth0 root tbf rate 8kbit burst 1600 limit 1600")
            try a.shell("for i in $(seq 20); do ping -n -q -c 1 -W 0.05 -s 1000 10.9.0.2 || true; done")
            let report = try tunnel.report { $0.peers[0].sent.drops["no-buffers"] ?? 0 > 0 }
            #expect(report.peers[0].sent.drops["no-buffers"] ?? 0 > 0)
            #expect(report.encapsulate.received == report.encapsulate.delivered + report.encapsulate.dropped)
        }
    }

    @Test func `a destination that no peer takes is answered as by any router`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let tunnel = try a.up("--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32")
            try a.shell("ip route add 10.8.0.0/16 dev iptun0")
            let text = try a.run(["ping", "-n", "-c", "1", "-W", "1", "10.8.0.1"]).text
            #expect(text.contains("From 10.9.0.1 icmp_seq=1 Destination Host Unreachable"))
            #expect(try tunnel.report().encapsulate.drops == ["no-peer": 1])
        }
    }
}
