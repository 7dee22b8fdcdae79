// SPDX-License-Identifier: Apache-2.0

/// What may be wrong with the packet filter of the host, and with who else takes protocol 4.
extension Fault {
    static let netfilter: [Fault] = [
        dropping("ingress", in: "netdev", "type filter hook ingress device eth0 priority 0", "netfilter.prerouting"),
        dropping("prerouting", "type filter hook prerouting priority -300", "netfilter.prerouting"),
        dropping("input", "type filter hook input priority 0", "netfilter.input"),
        dropping("output", "type filter hook output priority 0", "netfilter.output"),
        dropping("postrouting", "type filter hook postrouting priority 100", "netfilter.postrouting"),
        Fault(name: "nft drop of inner packets in forward", expected: "netfilter.forward", layout: .gateway) { ward in
            try ward.filter(
                """
                table inet site {
                    chain forward { type filter hook forward priority 0; policy drop; iifname lo accept; }
                }
                """)
        },
        Fault(name: "an accept rule for 94 only", expected: "netfilter.protocol94") { ward in
            try ward.filter(
                """
                table inet site {
                    chain input {
                        type filter hook input priority 0; policy drop;
                        iifname "lo" accept; iifname "iptun*" accept; ip protocol icmp accept
                        ip protocol 94 accept comment "the tunnel"
                    }
                }
                """)
        },
        Fault(name: "NAT rewrites our source", expected: "nat.source", lingers: true) { ward in
            // Masquerading would take the first address of the device, which is ours: no harm is done.
            try ward.filter(
                """
                table ip site {
                    chain post { type nat hook postrouting priority srcnat; oifname "eth0" snat to 192.0.2.99; }
                }
                """)
        },
        policy("an IPsec policy blocks what leaves", "src 192.0.2.1 dst 192.0.2.2 proto 4 dir out action block"),
        policy("an IPsec policy blocks what arrives", "src 192.0.2.2 dst 192.0.2.1 proto 4 dir in action block"),
        policy(
            "an IPsec policy wants a key that nobody has",
            "src 192.0.2.1 dst 192.0.2.2 proto 4 dir out "
                + "tmpl src 192.0.2.1 dst 192.0.2.2 proto esp mode transport reqid 1"),
        Fault(name: "a foreign owner of protocol 4", expected: "owner.foreign", verdict: "warning") { ward in
            let stranger = try ward.a.start([
                "/usr/bin/python3", "-uc",
                """
                import socket, time
                raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 4)
                print("ready")
                while True: raw.recv(65535)
                """,
            ])
            try stranger.waitFor("ready")
        },
    ]

    /// An IPsec policy about our outer packets, while some are sent.
    private static func policy(_ name: String, _ policy: String) -> Fault {
        Fault(name: name, expected: "ipsec.policy") { ward in
            try ward.a.shell("ip xfrm policy add \(policy)")
            try ward.keepPinging("10.9.0.2", from: ward.a)
        }
    }

    /// A drop of our outer packets in a chain of its own.
    private static func dropping(
        _ hook: String, in family: String = "ip", _ base: String, _ expected: String
    ) -> Fault {
        Fault(name: "nft drop of protocol 4 in \(hook)", expected: expected) { ward in
            try ward.filter("table \(family) site { chain \(hook) { \(base); ip protocol 4 drop; }; }")
        }
    }
}

extension Ward {
    /// Adds rules to the left host.
    fileprivate func filter(_ rules: String) throws {
        let file = try lab.file("rules.nft", rules)
        try a.shell("nft -f \(file)")
    }
}
