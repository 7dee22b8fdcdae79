// SPDX-License-Identifier: Apache-2.0

import Testing

/// A state of the peer, of the way to it, or of this host, that `iptund doctor` and `iptund ping` are asked about.
///
/// ```
///   10.9.0.1/30  iptun0 ············································· iptun0  10.9.0.2/30
///                a  192.0.2.1 ──── 192.0.2.254  r  198.51.100.254 ──── 198.51.100.2  b
/// ```
/// Each state is made with our address first in the block and with it last: AllowedIPs are 10.9.0.0/30 at both ends, which is
/// how most tunnels are written.
struct PeerState: Sendable, CustomTestStringConvertible {
    let name: String
    /// The check that has to name it, and how bad that is; several where they cannot be told apart.
    let expected: Set<String>
    let verdict: String
    /// The leg that `iptund ping` names; `nil` where it depends on time.
    let leg: String?
    /// Makes it so, when both tunnels are up.
    let make: @Sendable (PeerPair) throws -> Void

    var testDescription: String { name }

    init(
        _ name: String, _ expected: Set<String>, _ verdict: String = "broken", leg: String?,
        _ make: @escaping @Sendable (PeerPair) throws -> Void
    ) {
        (self.name, self.expected, self.verdict, self.leg, self.make) = (name, expected, verdict, leg, make)
    }
}

/// Both hosts with a router between them, and a tunnel.
struct PeerPair {
    let a: Host
    let router: Host
    let b: Host
    let tunnel: (a: Tunnel, b: Tunnel)
    /// The inner addresses.
    let ours: String
    let theirs: String

    enum End: String, CaseIterable, Sendable { case first, last }

    init(_ end: End, in lab: Lab) throws {
        (a, router, b) = try lab.routedPair()
        (ours, theirs) = end == .first ? ("10.9.0.1", "10.9.0.2") : ("10.9.0.2", "10.9.0.1")
        tunnel = (
            try a.up("--peer", "198.51.100.2", "--address", "\(ours)/30", "--allowed-ips", "10.9.0.0/30"),
            try b.up("--peer", "192.0.2.1", "--address", "\(theirs)/30", "--allowed-ips", "10.9.0.0/30")
        )
        for host in [a, router, b] { try host.tellEverything() }
    }

    /// Starts the peer's end anew, otherwise than before.
    func restartPeer(_ options: String...) throws {
        try tunnel.b.end()
        _ = try b.up(options)
    }
}

extension PeerState {
    static let all: [PeerState] = remote + rejected + local

    /// What may be so of the peer and of the way to it.
    static let remote: [PeerState] = [
        PeerState("nothing decapsulates", ["peer.absent"], leg: "decapsulator") { try $0.tunnel.b.end() },
        PeerState("the peer takes other inner addresses", ["peer.silent"], leg: "silent") {
            try $0.restartPeer("--peer", "192.0.2.1", "--address", "10.9.7.2/30", "--allowed-ips", "10.9.7.0/30")
        },
        PeerState("the peer knows this host by another address", ["peer.silent"], leg: "silent") {
            try $0.restartPeer(
                "--peer", "203.0.113.77", "--address", "\($0.theirs)/30", "--allowed-ips", "10.9.0.0/30")
        },
        PeerState("the peer expects packets at another address of its own", ["peer.silent"], leg: "silent") {
            try $0.b.shell("ip address add 198.51.100.77/24 dev eth0")
            try $0.restartPeer(
                "--peer", "192.0.2.1", "--address", "\($0.theirs)/30", "--allowed-ips", "10.9.0.0/30", "--local",
                "198.51.100.77")
        },
        PeerState("the peer only decapsulates", ["peer.silent"], leg: "silent") {
            try $0.restartPeer(
                "--peer", "192.0.2.1", "--address", "\($0.theirs)/30", "--allowed-ips", "10.9.0.0/30", "--only",
                "decapsulate")
            try $0.b.shell("ip route add blackhole \($0.ours)/32")
        },
        PeerState("the peer filters its tunnel strictly, and has no route back", ["peer.silent"], leg: "silent") {
            try $0.b.shell("ip route flush dev iptun0; echo 1 > /proc/sys/net/ipv4/conf/iptun0/rp_filter")
        },
        PeerState("the peer's device is down", ["peer.silent"], leg: "silent") {
            try $0.b.shell("ip link set iptun0 down")
        },
        PeerState("the peer drops what arrives", ["peer.silent"], leg: "silent") {
            try $0.b.obstruct("input", "ip protocol 4 drop")
        },
        PeerState("the peer drops what leaves", ["peer.silent"], leg: "silent") {
            try $0.b.obstruct("output", "ip protocol 4 drop")
        },
        PeerState("a router drops protocol 4", ["peer.silent"], leg: "silent") {
            try $0.router.obstruct("forward", "ip protocol 4 drop")
        },
        PeerState("the peer's address inside is gone", ["peer.silent"], leg: "silent") {
            try $0.b.shell("ip address flush dev iptun0; ip route add 10.9.0.0/30 dev iptun0")
        },
        PeerState("the peer drops echo inside, and answers UDP", [], "ok", leg: "none") {
            try $0.b.obstruct("input", "iifname iptun0 icmp type echo-request drop")
        },
        PeerState("the peer answers whatever is asked", [], "ok", leg: "none") {
            try $0.tunnel.b.end()
            let mirror = try $0.b.start([
                "/usr/bin/python3", "-uc",
                """
                import socket, struct
                raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 4)
                print("ready")
                while True:
                    packet, sender = raw.recvfrom(65535)
                    inner = packet[20:]
                    if inner[9] != 1 or inner[20] != 8: continue
                    sum = struct.unpack("!H", inner[22:24])[0] + 0x0800
                    sum = (sum & 0xffff) + (sum >> 16)
                    reply = b"\\0\\0" + struct.pack("!H", sum) + inner[24:]
                    raw.sendto(inner[:12] + inner[16:20] + inner[12:16] + reply, (sender[0], 0))
                """,
            ])
            try mirror.waitFor("ready")
        },
        PeerState("the peer forbids what comes inside, and says so", ["peer.inner"], "warning", leg: "inside") {
            try $0.b.obstruct("input", "iifname iptun0 reject with icmp type admin-prohibited")
        },
        PeerState("the peer answers beside the tunnel", ["peer.beside"], "warning", leg: "none") {
            try $0.b.shell("ip route flush dev iptun0")
            try $0.router.shell("ip route add \($0.ours) via 192.0.2.1")
            for host in [$0.a, $0.router] {
                try host.shell("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done")
            }
        },
        PeerState("the peer's host is down", ["peer.silent", "peer.unreachable"], leg: nil) {
            try $0.b.shell("ip link set eth0 down")
        },
        PeerState("outer packets live for one router too few", ["peer.unreachable"], leg: "underlay") {
            try $0.router.obstruct("prerouting", "ip protocol 4 ip ttl set 1")
        },
        PeerState("the router has no route to the peer", ["peer.unreachable"], leg: "underlay") {
            try $0.router.obstruct("forward", "ip daddr 198.51.100.2 reject with icmp type host-unreachable")
        },
    ]

    /// A firewall that rejects protocol 4, by each code that nft and iptables have.
    static let rejected: [PeerState] = [
        ("net-unreachable", "peer.filtered", "filtered"), ("host-unreachable", "peer.filtered", "filtered"),
        ("prot-unreachable", "peer.absent", "decapsulator"), ("port-unreachable", "peer.kernel", "endpoint"),
        ("net-prohibited", "peer.filtered", "filtered"), ("host-prohibited", "peer.filtered", "filtered"),
        ("admin-prohibited", "peer.filtered", "filtered"),
    ].flatMap { code, check, leg in
        [
            PeerState("the peer rejects with \(code)", [check], leg: leg) {
                try $0.b.obstruct("input", "ip protocol 4 reject with icmp type \(code)")
            },
            PeerState("a router rejects with \(code)", ["peer.filtered"], leg: "filtered") {
                try $0.router.obstruct("forward", "ip protocol 4 reject with icmp type \(code)")
            },
        ]
    }

    /// What may be so of this host.
    static let local: [PeerState] = [
        PeerState("there is no route to the peer", ["route.underlay"], leg: nil) {
            try $0.a.shell("ip route delete default")
        },
        PeerState("the next hop is gone", ["peer.unreachable"], leg: "underlay") {
            try $0.router.shell("ip address flush dev eth0")
            try $0.a.shell("ip neigh flush dev eth0")
        },
        PeerState("our device is down", ["device.down"], leg: nil) { try $0.a.shell("ip link set iptun0 down") },
        PeerState("our inner address is gone", ["changes.missing"], leg: nil) {
            try $0.a.shell("ip address flush dev iptun0")
        },
        PeerState("our routes are gone", ["changes.missing", "route.inner"], leg: nil) {
            try $0.a.shell("ip route flush dev iptun0")
        },
        PeerState("a rule of ours drops what comes out of the tunnel", ["netfilter.input"], leg: "back") {
            try $0.a.obstruct("input", "iifname iptun0 drop")
        },
        PeerState("a rule of ours drops what goes into the tunnel", ["netfilter.output"], leg: "here") {
            try $0.a.obstruct("output", "oifname iptun0 drop")
        },
    ]
}
