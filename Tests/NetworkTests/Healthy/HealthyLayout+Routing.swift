// SPDX-License-Identifier: Apache-2.0

/// Underlays and routes that are not the usual ones, and right.
extension HealthyLayout {
    static let routing: [HealthyLayout] = [
        HealthyLayout(
            "the peer in a routing table of its own, by a rule for our address",
            "shorewall.net Multiple Internet Connections"
        ) {
            try $0.across(a: ["--local", "192.0.2.1"], b: ["--local", "198.51.100.2"]) {
                try $0.shell(
                    """
                    gateway=$(ip route show default | cut -d' ' -f3); own=$(ip -4 -o address show dev eth0 | awk '{print $4}')
                    ip route delete default; ip route add default via $gateway table 100
                    ip rule add from ${own%/*} lookup 100 priority 1000
                    for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done
                    """)
            }
        },
        HealthyLayout("two routers between, both next hops in one route", "projectcalico/bird#90") { lab in
            let (a, r, s, b) = (lab.added("a"), lab.added("r"), lab.added("s"), lab.added("b"))
            try lab.build(
                [a, r, s, b],
                [
                    Cable(a, "eth0", "192.0.2.1/24", r, "eth0", "192.0.2.254/24"),
                    Cable(a, "eth1", "192.0.3.1/24", s, "eth0", "192.0.3.254/24"),
                    Cable(b, "eth0", "198.51.100.2/24", r, "eth1", "198.51.100.254/24"),
                    Cable(b, "eth1", "198.51.101.2/24", s, "eth1", "198.51.101.254/24"),
                ])
            try a.shell(
                "ip address add 203.0.113.1/32 dev lo; "
                    + "ip route add default src 203.0.113.1 nexthop via 192.0.2.254 nexthop via 192.0.3.254")
            try b.shell(
                "ip address add 203.0.113.2/32 dev lo; "
                    + "ip route add default src 203.0.113.2 nexthop via 198.51.100.254 nexthop via 198.51.101.254")
            for (router, subnet) in [(r, "192.0.2.1 198.51.100.2"), (s, "192.0.3.1 198.51.101.2")] {
                let ends = subnet.split(separator: " ")
                try router.setSysctl("ip_forward", 1)
                try router.shell("ip route add 203.0.113.1 via \(ends[0]); ip route add 203.0.113.2 via \(ends[1])")
            }
            return Ends(
                try a.up("--peer", "203.0.113.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32"),
                try b.up("--peer", "203.0.113.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32"))
        },
        HealthyLayout(
            "a /32 address with a gateway that is on the link",
            "docs.hetzner.com Network configuration Debian and Ubuntu"
        ) { lab in
            let (a, r, b) = (lab.added("a"), lab.added("r"), lab.added("b"))
            try lab.build(
                [a, r, b],
                [
                    Cable(a, "eth0", "192.0.2.1/32", r, "eth0", "172.31.1.1/32"),
                    Cable(b, "eth0", "10.128.0.2/32", r, "eth1", "10.128.0.1/32"),
                ],
                [
                    (a, "172.31.1.1 dev eth0"), (a, "default via 172.31.1.1 dev eth0"),
                    (b, "default via 10.128.0.1 dev eth0 onlink"), (r, "192.0.2.1 dev eth0"),
                    (r, "10.128.0.2 dev eth1"),
                ])
            try r.setSysctl("ip_forward", 1)
            return Ends(
                try a.up("--peer", "10.128.0.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32"),
                try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32"))
        },
        HealthyLayout("outer addresses on lo", "refmanual.com LVS-TUN real servers") { lab in
            let (a, r, b) = try lab.routedPair()
            try a.shell("ip address add 203.0.113.1/32 dev lo")
            try b.shell("ip address add 203.0.113.2/32 dev lo")
            try r.shell("ip route add 203.0.113.1 via 192.0.2.1; ip route add 203.0.113.2 via 198.51.100.2")
            return Ends(
                try a.up(
                    "--local", "203.0.113.1", "--peer", "203.0.113.2", "--address", "10.9.0.1/32", "--allowed-ips",
                    "10.9.0.2/32"),
                try b.up(
                    "--local", "203.0.113.2", "--peer", "203.0.113.1", "--address", "10.9.0.2/32", "--allowed-ips",
                    "10.9.0.1/32"))
        },
        HealthyLayout("addresses that are translated at both ends", "giantswarm/giantnetes-terraform#43") { lab in
            let (a, r, s, b) = (lab.added("a"), lab.added("r"), lab.added("s"), lab.added("b"))
            try lab.build(
                [a, r, s, b],
                [
                    Cable(a, "eth0", "192.168.1.5/24", r, "lan", "192.168.1.1/24"),
                    Cable(r, "wan", "203.0.113.1/24", s, "wan", "203.0.113.2/24"),
                    Cable(s, "lan", "192.168.1.1/24", b, "eth0", "192.168.1.7/24"),
                ], [(a, "default via 192.168.1.1"), (b, "default via 192.168.1.1")])
            for (router, host) in [(r, "192.168.1.5"), (s, "192.168.1.7")] {
                try router.setSysctl("ip_forward", 1)
                try router.shell(
                    """
                    nft 'table ip nat {
                      chain pre { type nat hook prerouting priority dstnat; iifname wan ip protocol { 1, 4 } dnat to \(host); }
                      chain post { type nat hook postrouting priority srcnat; oifname wan masquerade; }
                    }'
                    """)
            }
            return Ends(
                try a.up("--peer", "203.0.113.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32"),
                try b.up("--peer", "203.0.113.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32"))
        },
        HealthyLayout("a gateway of 44net with routes in a table and rules", "wiki.ampr.org Startampr") { lab in
            let (a, _, b) = try lab.routedPair()
            let (left, right) = (lab.added("left"), lab.added("right"))
            try lab.build(
                [left, right],
                [
                    Cable(a, "lan", "44.60.1.254/24", left, "eth0", "44.60.1.5/24"),
                    Cable(b, "lan", "44.61.2.254/24", right, "eth0", "44.61.2.5/24"),
                ], [(left, "default via 44.60.1.254"), (right, "default via 44.61.2.254")])
            for (host, own) in [(a, "44.60.1.0/24"), (b, "44.61.2.0/24")] {
                try host.shell(
                    """
                    ip rule add priority 44 to \(own) lookup main; ip rule add priority 45 from 44.0.0.0/9 lookup 44
                    ip rule add priority 46 to 44.0.0.0/9 lookup 44; ip rule add priority 47 to 44.128.0.0/10 lookup 44
                    """)
            }
            let common = ["--allowed-ips", "44.0.0.0/9,44.128.0.0/10", "--table", "44", "--forward-device", "lan"]
            return Ends(
                try a.up(["--peer", "198.51.100.2", "--address", "44.60.1.1/32"] + common),
                try b.up(["--peer", "192.0.2.1", "--address", "44.61.2.1/32"] + common), "44.61.2.5", from: left)
        },
        HealthyLayout("two uplinks, Local on the one that the default route does not use", "shorewall.net MultiISP") {
            lab in
            let (a, r, b) = (lab.added("a"), lab.added("r"), lab.added("b"))
            try lab.build(
                [a, r, b],
                [
                    Cable(a, "eth0", "192.0.2.1/24", r, "eth0", "192.0.2.254/24"),
                    Cable(a, "eth1", "192.0.3.1/24", r, "eth2", "192.0.3.254/24"),
                    Cable(b, "eth0", "198.51.100.2/24", r, "eth1", "198.51.100.254/24"),
                ], [(a, "default via 192.0.2.254"), (b, "default via 198.51.100.254")])
            try r.setSysctl("ip_forward", 1)
            try a.shell(
                """
                ip route add default via 192.0.3.254 table 200; ip rule add from 192.0.3.1 lookup 200 priority 500
                for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done
                """)
            return Ends(
                try a.up(
                    "--local", "192.0.3.1", "--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips",
                    "10.9.0.2/32"),
                try b.up("--peer", "192.0.3.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32"))
        },
        HealthyLayout("AllowedIPs that hold LANs of this host", "jamesmcm/vopono#372") {
            try $0.across(a: ["--allowed-ips", "10.0.0.0/8"]) {
                guard try $0.shell("ip route get 203.0.113.9").contains("192.0.2.1") else { return }
                try $0.shell(
                    """
                    for net in 10.0.0.1/24 10.128.0.1/16 10.255.255.254/24; do
                      i=$((i+1)); ip link add lan$i type bridge; ip address add $net dev lan$i; ip link set lan$i up; done
                    """)
            }
        },
        HealthyLayout("a backup, whose block more specific routes lead elsewhere", "partout-io/tunnelkit#225") {
            try $0.across(a: ["--allowed-ips", "10.30.0.0/24"]) {
                try $0.shell(
                    "ip route add 10.30.0.0/25 via 192.0.2.254 || true; ip route add 10.30.0.128/25 via 192.0.2.254 || true"
                )
            }
        },
        HealthyLayout("only what a LAN's host sends goes by the tunnel", "SoftEtherVPN/SoftEtherVPN#1301") { lab in
            let (a, b, left, _) = try lab.lans()
            let tunnel = try a.up(
                "--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0", "--table", "77",
                "--forward-device", "lan")
            try a.shell(
                "ip rule add from 10.20.0.5 lookup 77 priority 100; ip rule add to 10.20.0.0/24 lookup main priority 99"
            )
            return Ends(
                tunnel,
                try b.up(
                    "--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32,10.20.0.0/24",
                    "--forward-device", "lan"), "10.30.0.5", from: left)
        },
    ]
}
