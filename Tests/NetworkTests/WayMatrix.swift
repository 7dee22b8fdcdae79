// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// A host whose way to its peer changes, with a name server behind the router.
///
/// ```
///   a  192.0.2.1 ── 192.0.2.254, .253, fe80::1, fe80::2  r  198.51.100.254 ── 198.51.100.2  b
///                                            203.0.113.53 (names)
/// ```
struct WayMatrix: CustomTestStringConvertible {
    let peer: Peer
    let allowed: Allowed
    let way: Way

    enum Peer: String, CaseIterable { case address, name }

    enum Allowed: String, CaseIterable {
        case bare = "bare"
        case without = "AllowedIPs without it"
        case with = "AllowedIPs with it"
        case all = "0.0.0.0/0 and a kill switch"

        var options: [String] {
            switch self {
            case .bare: ["--address", "10.9.0.1 peer 10.9.0.2"]
            case .without: ["--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32"]
            case .with: ["--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32,198.51.100.0/24"]
            case .all: ["--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0", "--kill-switch"]
            }
        }
    }

    enum Way: String, CaseIterable {
        case there = "there"
        case late = "late"
        case flap = "flaps"
        case renumbered = "renumbered"
        case moved = "by another gateway"
        case multipath = "by one of two gateways"
        case object = "by a nexthop object that is replaced"
        case viaIPv6 = "by another IPv6 next hop"

        /// What a does before its tunnel starts, and afterwards.
        var scripts: (before: String, after: String) {
            let uplink = "ip link set eth0 up; ip route replace default via 192.0.2.254"
            switch self {
            case .there: return (":", ":")
            case .late: return ("ip link set eth0 down", uplink)
            case .flap: return (":", "ip link set eth0 down; \(uplink)")
            case .renumbered:
                return (
                    ":",
                    "ip address delete 192.0.2.1/24 dev eth0; ip address add 192.0.2.7/24 dev eth0; \(uplink)"
                )
            case .moved: return (":", "ip route replace default via 192.0.2.253")
            case .multipath:
                let both = "nexthop via 192.0.2.254 nexthop via 192.0.2.253"
                return ("ip route replace default \(both)", "ip route replace default via 192.0.2.253")
            case .object:
                return (
                    "ip nexthop add id 7 via 192.0.2.254 dev eth0; ip route replace default nhid 7",
                    "ip nexthop replace id 7 via 192.0.2.253 dev eth0"
                )
            case .viaIPv6:
                let route = { (last: Int) in
                    "ip -4 route replace default via inet6 fe80::\(last) dev eth0 src 192.0.2.1"
                }
                return ("ip -6 address add fe80::a/64 dev eth0 nodad; \(route(1))", route(2))
            }
        }

        /// Whether the first way is closed afterwards: who goes on by it is lost.
        var isClosed: Bool { [.moved, .multipath, .object, .viaIPv6].contains(self) }
    }

    var testDescription: String { "\(peer.rawValue), \(allowed.rawValue), way \(way.rawValue)" }

    static func all(_ peer: Peer) -> [WayMatrix] {
        Allowed.allCases.flatMap { allowed in Way.allCases.map { WayMatrix(peer: peer, allowed: allowed, way: $0) } }
    }

    /// The tunnel carries, by the same process, without a loop, and nothing that is its own leaves in clear.
    func run() throws {
        try Lab.open { lab in
            let (a, router, b) = try lab.routedPair()
            try router.shell("ip address add 192.0.2.253/24 dev eth0; ip address add 203.0.113.53 dev lo")
            try router.shell("for i in 1 2; do ip -6 address add fe80::$i/64 dev eth0 nodad; done")
            try router.startCounting(
                "iifname eth0 ip protocol != 4 ip daddr != 192.0.2.0/24 meta l4proto != udp")
            var wrapper: [String] = []
            if peer == .name {
                let names = try router.start(["/usr/bin/python3", "-u", "-c", Self.names])
                try names.waitFor("asked")
                wrapper = try NameBook(lab, nameserver: "203.0.113.53").wrapper
            }
            let ours = way == .renumbered ? "192.0.2.7" : "192.0.2.1"
            _ = try b.up("--peer", ours, "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            let scripts = way.scripts
            try a.shell(scripts.before)
            let options = ["--peer", peer == .name ? "b.example" : "198.51.100.2"] + allowed.options
            let tunnel = try a.up(options, through: wrapper)
            // What everybody else on the host tries to reach.
            let others = try a.start(["sh", "-c", "while :; do ping -c 1 -W 0.1 203.0.113.9; sleep 0.05; done"])
            if ![.late, .renumbered].contains(way) { try eventually("it carries") { try passes(a) } }
            try a.shell(scripts.after)
            if way.isClosed { try close(router, a) }
            try eventually("it carries by the new way") { try passes(a) }
            #expect(!tunnel.process.hasEnded)
            let report = try tunnel.report { $0.state == "up" }
            #expect(report.encapsulate.drops["loop"] == nil, "\(report.encapsulate.drops)")
            if allowed == .all { #expect(try router.counted() == 0) }
            others.signal(SIGTERM)
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    private func passes(_ a: Host) throws -> Bool {
        try a.run(["ping", "-n", "-c", "1", "-W", "0.3", "10.9.0.2"]).status == 0
    }

    private func close(_ router: Host, _ a: Host) throws {
        let address = way == .viaIPv6 ? "fe80::1/64" : "192.0.2.254/24"
        try router.shell("ip address delete \(address) dev eth0; ip address replace 192.0.2.253/24 dev eth0")
        try a.shell("ip neigh flush dev eth0")
    }

    /// Answers each question with 198.51.100.2 (RFC 1035 4.1): the question, and one record that points to its name.
    private static let names = """
        import socket
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.bind(("203.0.113.53", 53))
        print("asked", flush=True)
        while True:
            q, peer = s.recvfrom(512)
            head = q[:2] + b"\\x81\\x80\\0\\1\\0\\1\\0\\0\\0\\0"
            end = q.index(0, 12) + 5
            s.sendto(head + q[12:end] + b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\5\\0\\4" + bytes([198, 51, 100, 2]), peer)
        """
}
