// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Two machines of which `a` has a tunnel that takes everything, with a kill switch, and a network manager for its uplink. What
/// leaves `a` in clear is counted at the other end of the link. See ``Site``.
struct ManagedSite {
    let site: Site
    let monitor: Monitor

    var a: Container { site.a.container }

    /// Runs `body` with the tunnel up. `manage` makes a machine whose uplink has 192.0.2.1/24 and a route by 192.0.2.2.
    static func open(_ manage: (Container) throws -> Void, _ body: (ManagedSite) throws -> Void) throws {
        try Site.open { site in
            let a = site.a.container
            // One without a broadcast address, which systemd-networkd cannot take over.
            try a.net("ip", "address", "flush", "dev", "eth0")
            try manage(a)
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
                "table ip watch { chain in { type filter hook prerouting priority -400; iifname eth0 ip daddr 203.0.113.9 counter; }; }"
            )
            let monitor = try Monitor(a)
            defer { monitor.end() }
            try body(ManagedSite(site: site, monitor: monitor))
        }
    }

    /// What the tunnel has of rules and routes, and its address.
    func look() throws -> String { try a.shell("ip rule; ip route show table 1994000; ip -4 -o address show dev x") }

    /// Packets that left in clear.
    func packetsInClear() throws -> Int {
        let words = try site.b.container.net("nft", "list", "table", "ip", "watch").split(
            whereSeparator: \.isWhitespace)
        let place = try #require(words.firstIndex(of: "packets"))
        return try #require(Int(words[place + 1]))
    }

    /// Sends 200 packets a second to 203.0.113.9 meanwhile.
    func whileSending(_ body: () throws -> Void) throws {
        let sender = try ChildProcess.start(
            a.netCommand("timeout", "60", "ping", "-n", "-q", "-i", "0.005", "203.0.113.9"))
        defer {
            kill(sender.id, SIGTERM)
            try? eventually("the sender ends") { sender.poll() != nil }
        }
        try body()
    }

    /// What `ip monitor` says of rules, routes and addresses.
    final class Monitor {
        private let child: Linux.ChildProcess
        private let path: String

        init(_ container: Container) throws {
            path = "/tmp/iptund-monitor-\(getpid())-\(container.leader)"
            let words = container.netCommand("timeout", "300", "ip", "-ts", "monitor", "rule", "route", "address")
            child = try ChildProcess.start(words, output: .file(path))
        }

        var lines: [Substring] { ((try? Files.read(path)) ?? "").split(separator: "\n") }

        /// What was removed that is ours.
        var removals: [Substring] {
            lines.filter { $0.contains("Deleted") && ($0.contains("proto 203") || $0.contains(": x ")) }
        }

        /// How long what these words tell of was gone, each time that it was removed, seconds: by when the kernel said so.
        func gaps(_ words: String) -> [Double] {
            var (gone, gaps): (Double?, [Double]) = (nil, [])
            for line in lines where line.contains(words) {
                // "[2026-11-30T21:02:29.011284] Deleted 30003: …"
                guard let time = Self.seconds(line) else { continue }
                if line.contains("] Deleted ") {
                    gone = gone ?? time
                } else if let start = gone {
                    gaps.append(time - start)
                    gone = nil
                }
            }
            return gaps
        }

        private static func seconds(_ line: Substring) -> Double? {
            let parts = line.drop { $0 != "T" }.dropFirst().prefix { $0 != "]" }.split(separator: ":")
            let numbers = parts.compactMap { Double($0) }
            return numbers.count == 3 ? numbers[0] * 3_600 + numbers[1] * 60 + numbers[2] : nil
        }

        func end() {
            kill(child.id, SIGTERM)
            try? eventually("the monitor ends") { child.poll() != nil }
            Files.remove(path)
        }
    }
}
