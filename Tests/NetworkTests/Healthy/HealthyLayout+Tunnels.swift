// SPDX-License-Identifier: Apache-2.0

import Testing

/// Tunnels that are not written in the usual way, and hosts that have more than a tunnel.
extension HealthyLayout {
    static let tunnels: [HealthyLayout] = [
        HealthyLayout(
            "a bare /30 at one end, and AllowedIPs of its address alone at the other",
            "OpenVPN 2.6 manual, --topology net30"
        ) {
            lab in
            let (a, _, b) = try lab.routedPair()
            return Ends(
                try a.up("--peer", "198.51.100.2", "--address", "10.9.0.1/30"),
                try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/30", "--allowed-ips", "10.9.0.1/32"))
        },
        HealthyLayout("a /31, with AllowedIPs of the whole at both ends", "RFC 3021") { lab in
            let (a, _, b) = try lab.routedPair()
            return Ends(
                try a.up("--peer", "198.51.100.2", "--address", "10.9.0.2/31", "--allowed-ips", "10.9.0.2/31"),
                try b.up("--peer", "192.0.2.1", "--address", "10.9.0.3/31", "--allowed-ips", "10.9.0.2/31"), "10.9.0.3")
        },
        HealthyLayout("a /24 at both ends, all of it in AllowedIPs", "wireguard.com/quickstart") { lab in
            let (a, _, b) = try lab.routedPair()
            return Ends(
                try a.up("--peer", "198.51.100.2", "--address", "10.9.0.1/24", "--allowed-ips", "10.9.0.0/24"),
                try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/24", "--allowed-ips", "10.9.0.0/24"))
        },
        HealthyLayout("a tunnel inside of a tunnel", "sandialabs/wiretap#5, denoland/clawpatrol#411") { lab in
            let ends = try lab.across()
            return Ends(
                try ends.a.host.up(
                    "--peer", "10.9.0.2", "--device", "inside", "--address", "10.8.0.1/32", "--allowed-ips",
                    "10.8.0.2/32"),
                try ends.b?.host.up(
                    "--peer", "10.9.0.1", "--device", "inside", "--address", "10.8.0.2/32", "--allowed-ips",
                    "10.8.0.1/32"), "10.8.0.2")
        },
        HealthyLayout("the device in a container's network namespace", "wireguard.com/netns") { lab in
            let (a, _, b) = try lab.routedPair()
            let container = try lab.host("c")
            return Ends(
                try a.up(
                    "--netns", container.namespace, "--peer", "198.51.100.2", "--address", "10.9.0.1/32",
                    "--allowed-ips", "10.9.0.2/32"),
                try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32"),
                from: container)
        },
        HealthyLayout("two tunnels between the same addresses, with AllowedIPs apart", "README, Limits") {
            lab in
            let ends = try lab.across()
            for (host, peer, inner) in [(ends.a.host, "198.51.100.2", "1"), (try lab.other(ends), "192.0.2.1", "2")] {
                _ = try host.up(
                    "--peer", peer, "--device", "second", "--address", "10.7.0.\(inner)/32", "--allowed-ips",
                    inner == "1" ? "10.7.0.2/32" : "10.7.0.1/32")
            }
            _ = try ends.a.host.start(["ping", "-n", "-i", "0.2", "10.7.0.2"])
            return ends
        },
        HealthyLayout("all traffic in a tunnel with a kill switch, and another tunnel beside it", "peacey/split-vpn#8")
        {
            lab in
            let (a, router, b) = try lab.routedPair()
            let ends = HealthyLayout.Ends(
                try a.up(
                    "--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0",
                    "--kill-switch-all"),
                try b.up(
                    "--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32", "--kill-switch"))
            _ = try router.up(
                "--peer", "192.0.2.1", "--device", "far", "--address", "10.7.0.2/32", "--allowed-ips", "10.7.0.1/32")
            _ = try a.up(
                "--peer", "192.0.2.254", "--device", "second", "--address", "10.7.0.1/32", "--allowed-ips",
                "10.7.0.2/32")
            _ = try a.start(["ping", "-n", "-i", "0.2", "10.7.0.2"])
            return ends
        },
        HealthyLayout("multicast DNS, SSDP and broadcasts out of every device", "avahi/avahi#262") { lab in
            let ends = try lab.across(a: ["--address", "10.9.1.1/24"], b: [])
            _ = try ends.a.host.start([
                "/usr/bin/python3", "-c",
                """
                import socket, time
                wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"iptun0")
                while True:
                    for host in "224.0.0.251", "239.255.255.250", "255.255.255.255", "10.9.1.255":
                        wire.sendto(b"x", (host, 1900))
                    time.sleep(0.1)
                """,
            ])
            return ends
        },
        HealthyLayout(
            "multicast prefixes in AllowedIPs, and OSPF's hellos",
            "addiva-elektronik.github.io OSPF unnumbered with Infix"
        ) { lab in
            let ends = try lab.across(a: ["--allowed-ips", "224.0.0.0/4"], b: ["--allowed-ips", "224.0.0.0/4"])
            for host in [ends.a.host, try lab.other(ends)] {
                _ = try host.start([
                    "/usr/bin/python3", "-c",
                    """
                    import socket, time
                    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 89)
                    raw.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"iptun0")
                    while True: raw.sendto(bytes(44), ("224.0.0.5", 0)); time.sleep(0.1)
                    """,
                ])
            }
            return ends
        },
        HealthyLayout("a device with a dot in its name", "containernetworking/plugins#585, netbirdio/netbird#6930") {
            try $0.across(a: ["--device", "ip.tun0"], b: ["--device", "ip.tun0"])
        },
        HealthyLayout("strict reverse path filtering of every link", "SagerNet/sing-box#4101") { lab in
            let ends = try lab.across()
            for host in [ends.a.host, try lab.other(ends)] {
                try host.shell("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done")
            }
            return ends
        },
        HealthyLayout("a program that listens to protocol 4 and takes nothing away", "yo2loj/ampr-ripd, option -r") {
            lab in
            let ends = try lab.across()
            let listener = try ends.a.host.start([
                "/usr/bin/python3", "-uc",
                """
                import socket
                raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 4)
                print("ready")
                while True: raw.recv(65535)
                """,
            ])
            try listener.waitFor("ready")
            return ends
        },
        HealthyLayout(
            "LANs at both ends, and no address of the tunnel", "addiva-elektronik.github.io OSPF unnumbered with Infix"
        ) { lab in
            let (a, b, left, _) = try lab.lans()
            return Ends(
                try a.up("--peer", "198.51.100.2", "--allowed-ips", "10.30.0.0/24", "--forward"),
                try b.up("--peer", "192.0.2.1", "--allowed-ips", "10.20.0.0/24", "--forward"), "10.30.0.5", from: left)
        },
        HealthyLayout("a peer that lets in protocol 4 and answers no echo", "dev-ir/vxlan#2") { lab in
            let ends = try lab.across()
            let peer = try lab.other(ends)
            try peer.shell(
                """
                nft 'table inet filter { chain input { type filter hook input priority filter; policy drop
                  ip protocol 4 accept; iifname "iptun0" tcp dport 8080 accept; ct state established accept; }; }'
                """)
            let server = try peer.start([
                "/usr/bin/python3", "-uc",
                """
                import socket
                server = socket.create_server(("10.9.0.2", 8080))
                print("ready")
                while True: server.accept()[0].close()
                """,
            ])
            try server.waitFor("ready")
            _ = try ends.a.host.start([
                "/usr/bin/python3", "-c",
                """
                import socket, time
                while True: socket.create_connection(("10.9.0.2", 8080), 5).close(); time.sleep(0.1)
                """,
            ])
            return Ends(ends.a, nil, "")
        },
        HealthyLayout(
            "all traffic in the tunnel by two halves of the address space",
            "GeiserX/VPN-Bypass#104, OpenVPN's redirect-gateway def1"
        ) { lab in
            let (a, router, b) = try lab.routedPair()
            try router.shell("ip address add 203.0.113.80/32 dev lo")
            try b.shell(
                """
                echo 1 > /proc/sys/net/ipv4/ip_forward
                nft 'table ip nat { chain post { type nat hook postrouting priority srcnat; oifname eth0 ip saddr 10.9.0.1 masquerade; }; }'
                """)
            return Ends(
                try a.up(
                    "--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/1,128.0.0.0/1"),
                try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32"),
                "203.0.113.80")
        },
        HealthyLayout(
            "Keepalive without Probe towards a tunnel that is filtered strictly", "stangri/source.openwrt.melmac.ca#41"
        ) { lab in
            let ends = try lab.across(a: ["--keepalive", "1s"], b: ["--keepalive", "1s"])
            for host in [ends.a.host, try lab.other(ends)] {
                try host.shell("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 1 > $f; done")
            }
            try ends.a.waitFor(peer(of: ends), "is up by both legs") { $0.liveness == "up" }
            return ends
        },
        HealthyLayout("DF clear and a device larger than the way", "RFC 2003 §5.1, outer packets that may be cut") {
            try $0.across(a: ["--mtu", "4000", "--df", "clear"], b: ["--mtu", "4000", "--df", "clear"])
        },
    ]

    private static func peer(of ends: Ends) -> String { "198.51.100.2" }
}

extension Lab {
    /// The host of the second end, which every layout here has.
    func other(_ ends: HealthyLayout.Ends) throws -> Host {
        try #require(ends.b).host
    }
}
