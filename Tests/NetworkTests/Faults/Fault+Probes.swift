// SPDX-License-Identifier: Apache-2.0

/// What may be wrong with the peer, or with the way to it: it shows only in what is answered.
extension Fault {
    static let probes: [Fault] = [
        Fault(name: "daemon of the peer is absent", expected: "peer.absent") { ward in
            try ward.b.tellEverything()
            try ward.tunnel?.b.end()
        },
        Fault(name: "kernel of the peer has tunnel code and no tunnel", expected: "peer.kernel") { ward in
            try ward.b.tellEverything()
            try ward.tunnel?.b.end()
            try ward.b.obstruct("input", "ip protocol 4 reject with icmp type port-unreachable")
        },
        Fault(name: "firewall forbids protocol 4 and says so", expected: "peer.filtered", layout: .routed) { ward in
            try ward.router?.tellEverything()
            try ward.router?.obstruct("forward", "ip protocol 4 reject with icmp type admin-prohibited")
        },
        Fault(name: "peer is reached and drops what is inside", expected: "peer.inner", layout: .allowed) { ward in
            // The peer knows 10.9.0.1 only.
            try ward.a.shell(
                "ip address add 10.9.0.77/32 dev iptun0; ip route replace 10.9.0.2/32 dev iptun0 src 10.9.0.77")
        },
        Fault(name: "peer is silent", expected: "peer.silent") { ward in
            try ward.b.obstruct("prerouting", "ip protocol 4 drop")
        },
        Fault(name: "MTU hole without ICMP", expected: "mtu.path", layout: .routed) { ward in
            try ward.router?.obstruct("output", "icmp type destination-unreachable icmp code frag-needed drop")
            try ward.router?.shell("ip link set eth1 mtu 1400")
        },
        Fault(name: "way to the peer is down", expected: "peer.unreachable", layout: .routed) { ward in
            try ward.router?.tellEverything()
            // A route of this type is reported once a second at most (ip_error), and not to each.
            try ward.router?.obstruct("forward", "ip daddr 198.51.100.2 reject with icmp type host-unreachable")
        },
    ]
}

extension Host {
    /// Lets the kernel send an ICMP error for everything that deserves one.
    func tellEverything() throws {
        try shell("echo 0 > /proc/sys/net/ipv4/icmp_ratelimit")
        // The number for all destinations together belonged to the whole machine before Linux 6.13.
        try shell("f=/proc/sys/net/ipv4/icmp_msgs_per_sec; [ ! -e $f ] || echo 100000 > $f")
    }

    /// Adds a rule of nft(8) at `hook`, before all others.
    func obstruct(_ hook: String, _ rule: String) throws {
        try shell(
            """
            nft add table ip fault
            nft 'add chain ip fault \(hook) { type filter hook \(hook) priority -300; }'
            nft add rule ip fault \(hook) \(rule)
            """)
    }
}
