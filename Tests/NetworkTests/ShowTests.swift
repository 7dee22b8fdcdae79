// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What a tunnel says about itself.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct ShowTests {
    @Test func `show tells of all tunnels of this network, or of the one that is named`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let none = try a.iptund("show")
            #expect(none.status == 0 && none.text.hasPrefix("iptund: no tunnel is up in this network namespace; "))
            _ = try a.up("--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.1.0/24")
            _ = try a.up("--peer", "192.0.2.3")
            let all = try a.iptund().text
            #expect(all.contains("interface: iptun0\n") && all.contains("interface: iptun1\n"))
            let one = try a.iptund("show", "iptun0")
            #expect(one.status == 0)
            for text in [
                "interface: iptun0\n", "state: up ", "mtu: 1480 (path 1500)", "local: 192.0.2.1", "peer: 192.0.2.2\n",
                "allowed ips: 10.9.1.0/24\n", "transfer: 0 B received, 0 B sent",
            ] {
                #expect(one.text.contains(text), "\(one.text)")
            }
            #expect(!one.text.contains("iptun1"))
        }
    }

    @Test func `show --json has schema 2 and all the facts`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            #expect(try a.host.ping("10.9.0.2") == 3)
            let text = try a.host.iptund("show", "--json").text
            let document = try decode(text, as: Document.self)
            #expect(document.schema == 2)
            #expect(document.tunnels.count == 1)
            let report = try #require(document.tunnels.first)
            #expect(report.name == "iptun0" && report.state == "up" && report.local == "192.0.2.1")
            #expect(report.pid == a.process.id)
            #expect(report.mtu == 1480 && report.underlay_mtu == 1500)
            #expect(report.peers.map(\.endpoint) == ["192.0.2.2"])
            #expect(report.peers.map(\.allowed_ips) == [["0.0.0.0/0"]])
            #expect(report.peers.map(\.path_mtu) == [1500])
            #expect(report.only == nil && report.accept_from == "peers")
            #expect(report.kernel_losses.socket == 0 && report.kernel_losses.device == 0)
            #expect(try b.report().local == "192.0.2.2")
        }
    }

    @Test func `who is not up is not shown`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let shown = try a.iptund("show", "nosuch")
            #expect(shown.status == 1)
            #expect(shown.text.hasPrefix("iptund: no tunnel 'nosuch' is up here: "))
            #expect(shown.text.split(separator: "\n").count == 1)
            #expect(try a.iptund("show", "nosuch", "--json").status == 1)
            #expect(try a.iptund("status", "nosuch").status == 4)
        }
    }

    @Test func `status tells up, degraded and down apart`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            #expect(try b.host.iptund("status", "iptun0").status == 0)
            lab.stopKeepers()
            try b.host.shell("ip link set iptun0 down")
            let degraded = try b.host.iptund("status", "iptun0")
            #expect(degraded.status == 3)
            #expect(degraded.text.contains("ip link set dev iptun0 up"))
            #expect(try a.host.ping("10.9.0.2", count: 2, "-W", "0.2") == 0)
            let report = try b.report { $0.decapsulate.dropped == 2 }
            #expect(report.state == "degraded")
            #expect(report.peers.first?.received.drops == ["device-down": 2])
            try b.host.shell("ip link set iptun0 up")
            #expect(try b.host.iptund("status", "iptun0").status == 0)
            #expect(try a.host.ping("10.9.0.2") == 3)
            try b.end()
            #expect(try b.host.iptund("status", "iptun0").status == 4)
        }
    }

    @Test func `one name lives in two networks at once, and each shows its own`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let same = try [(a, "192.0.2.2"), (b, "192.0.2.1")].map { try $0.0.up("--peer", $0.1, "--device", "same") }
            for tunnel in same {
                let all = try decode(try tunnel.host.iptund("show", "--json").text, as: Document.self).tunnels
                #expect(all.map(\.name) == ["same"])
                #expect(all.map(\.pid) == [tunnel.process.id])
            }
        }
    }
}
