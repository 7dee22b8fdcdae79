// SPDX-License-Identifier: Apache-2.0

/// What may be wrong with the host that a tunnel runs on.
extension Fault {
    static let host: [Fault] = [
        Fault(name: "strict rp_filter without a return route", expected: "rpfilter.tunnel") { ward in
            // What comes from there is routed past the tunnel.
            try ward.a.shell(
                """
                ip route add 10.20.2.0/24 via 192.0.2.2
                echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter; echo 1 > /proc/sys/net/ipv4/conf/iptun0/rp_filter
                """)
            try ward.b.shell("ip address add 10.20.2.1/32 dev lo")
            try ward.keepPinging("10.9.0.1", from: ward.b, "-I", "10.20.2.1")
            try eventually("packets are filtered") {
                try ward.a.shell("nstat -asz TcpExtIPReversePathFilter | tail -1").split(separator: " ")[1] != "0"
            }
        },
        Fault(name: "route to the peer into the tunnel", expected: "route.loop") { ward in
            try ward.a.shell("ip route add default dev iptun0 table 100; ip rule add priority 100 lookup 100")
            try ward.waitForDrops("loop")
        },
        Fault(name: "address of the peer is local", expected: "peer.local") { ward in
            try ward.a.shell("ip address add 192.0.2.2/32 dev lo")
        },
        Fault(name: "forwarding is off", expected: "forwarding.off", layout: .gateway) { ward in
            try ward.a.shell("cd /proc/sys/net/ipv4; echo 1 > ip_forward; echo 0 > ip_forward")
        },
        Fault(name: "neighbour proxy is missing", expected: "proxy.missing", layout: .gateway) { ward in
            try ward.a.shell("ip neigh delete proxy 10.20.1.100 dev lan")
        },
        Fault(
            name: "capability is lost", expected: "capability.missing", layout: .hosts,
            wrapper: ["setpriv", "--inh-caps=-net_admin", "--bounding-set=-net_admin"],
            arguments: ["--peer", "192.0.2.2"]
        ) { _ in },
        Fault(
            name: "TUN driver is missing", expected: "tun.missing", layout: .hosts,
            wrapper: ["unshare", "-m", "sh", "-ec", #"mount -t tmpfs tmpfs /dev/net; exec "$0" "$@""#],
            arguments: ["--peer", "192.0.2.2"]
        ) { _ in },
    ]
}
