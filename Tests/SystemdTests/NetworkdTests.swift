// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Beside systemd-networkd, which removes rules and routes that it did not make itself (systemd.network(5), networkd.conf(5);
/// systemd/systemd#19106, #22077, netbirdio/netbird#4578).
@Suite(.needsTree, .serialized, .timeLimit(.minutes(10)))
struct NetworkdTests {
    /// A tunnel that takes everything, at a machine whose uplink systemd-networkd manages; what leaves in clear is counted at
    /// the other end of the link.
    private func open(_ options: String = "", _ body: (Site, _ monitor: Monitor) throws -> Void) throws {
        try Site.open { site in
            let a = site.a.container
            // One without a broadcast address, which networkd cannot take over.
            try a.net("ip", "address", "flush", "dev", "eth0")
            try a.write(
                "/etc/systemd/network/10-eth0.network",
                """
                [Match]
                Name=eth0
                [Network]
                Address=192.0.2.1/24
                Gateway=192.0.2.2
                LinkLocalAddressing=no
                IPv6AcceptRA=no

                """)
            try a.shell(options + "\ntrue")
            try a.shell("systemctl start systemd-networkd")
            try waitForNetworkd(a)
            try site.a.configure(
                """
                [Interface]
                Address = 10.9.0.1 peer 10.9.0.2
                KillSwitch = yes
                [Peer]
                Endpoint = 192.0.2.2
                AllowedIPs = 0.0.0.0/0

                """)
            try site.start()
            try site.waitForTraffic()
            try site.b.container.net(
                "nft",
                "table ip watch { chain arriving { type filter hook prerouting priority -400; iifname eth0 ip daddr 203.0.113.9 counter; }; }"
            )
            let monitor = try Monitor(a)
            defer { monitor.end() }
            try body(site, monitor)
        }
    }

    private func waitForNetworkd(_ container: Container) throws {
        try eventually("networkd has configured eth0", within: 20) {
            try container.shell("networkctl list eth0 --no-legend").contains("configured")
        }
    }

    /// What `ip monitor` says of rules and routes.
    private final class Monitor {
        private let child: Linux.ChildProcess
        private let path: String

        init(_ container: Container) throws {
            path = "/tmp/iptund-monitor-\(getpid())-\(container.leader)"
            let words = container.netCommand("timeout", "300", "ip", "-ts", "monitor", "rule", "route")
            child = try ChildProcess.start(words, output: .file(path))
        }

        var lines: [Substring] { ((try? Files.read(path)) ?? "").split(separator: "\n") }

        /// What was removed that is ours.
        var removals: [Substring] { lines.filter { $0.contains("Deleted") && $0.contains("proto 203") } }

        func end() {
            kill(child.id, SIGTERM)
            try? eventually("the monitor ends") { child.poll() != nil }
            Files.remove(path)
        }
    }

    private func packetsInClear(_ site: Site) throws -> Int {
        let words = try site.b.container.net("nft", "list", "table", "ip", "watch").split(
            whereSeparator: \.isWhitespace)
        let place = try #require(words.firstIndex(of: "packets"))
        return try #require(Int(words[place + 1]))
    }

    @Test func `what it removes is there again within a second, nothing leaves in clear, and its settings are named`()
        throws
    {
        try open { site, monitor in
            let a = site.a.container
            let whole = try a.shell("ip rule; ip route show table 1994000")
            let sender = try ChildProcess.start(
                a.netCommand("timeout", "60", "ping", "-n", "-q", "-i", "0.005", "203.0.113.9"))
            for number in 1...3 {
                let before = monitor.removals.count
                try a.shell("networkctl reconfigure eth0")
                try eventually("it has removed something, the \(number). time") { monitor.removals.count > before }
                try eventually("all is there again", within: 1) {
                    try a.shell("ip rule; ip route show table 1994000") == whole
                }
                try waitForNetworkd(a)
            }
            kill(sender.id, SIGTERM)
            try eventually("the sender ends") { sender.poll() != nil }
            #expect(monitor.removals.contains { $0.contains("lookup 1994000") })
            #expect(monitor.removals.contains { $0.contains("unreachable default table 1994000") })
            #expect(try packetsInClear(site) == 0)
            try site.waitForTraffic()
            let journal = try site.a.journal
            #expect(journal.contains { $0.contains("restored: ip rule add priority 30003") })
            let hints = journal.filter {
                $0.contains("ManageForeignRoutingPolicyRules=no") && $0.contains("ManageForeignRoutes=no")
            }
            #expect(hints.count == 1, "\(hints)")
            #expect(try site.a.property("NRestarts") == "0")
        }
    }

    /// The examples of the package, as their first lines say.
    @Test func `with the example files of the package it removes nothing`() throws {
        let options = """
            examples=/usr/share/doc/iptund/examples
            mkdir -p /etc/systemd/networkd.conf.d
            cp $examples/networkd-foreign.conf /etc/systemd/networkd.conf.d/iptund.conf
            cp $examples/networkd-unmanaged.network /etc/systemd/network/05-iptund.network
            """
        try open(options) { site, monitor in
            let a = site.a.container
            let whole = try a.shell("ip rule; ip route show table 1994000; ip address show dev x")
            try a.shell("networkctl reconfigure eth0")
            try waitForNetworkd(a)
            try a.shell("touch /etc/systemd/network/10-eth0.network; networkctl reload")
            try waitForNetworkd(a)
            #expect(monitor.removals.isEmpty, "\(monitor.removals)")
            #expect(try a.shell("ip rule; ip route show table 1994000; ip address show dev x") == whole)
            #expect(try !site.a.journal.contains { $0.contains("restored:") })
            #expect(try a.shell("networkctl list x --no-legend").contains("unmanaged"))
            try site.waitForTraffic()
        }
    }
}
