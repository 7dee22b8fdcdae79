// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What a kill switch lets pass, and what it does not although routes would.
@Suite(.needsRoot)
struct KillSwitchReachTests {
    /// A socket that is bound to the uplink's device passes unreachable routes: the kernel takes its destination to be on the
    /// link, and a router that answers for everybody has it (EnigmaCurry/d.rymcg.tech#554).
    @Test func `what a socket sends that is bound to the uplink's device is dropped`() throws {
        try KillSwitchScene.open { scene in
            try scene.r.setSysctl("conf/eth0/proxy_arp", 1)
            let tunnel = try scene.up()
            let sender = try scene.startSending(from: scene.a, bindingTo: "eth0")
            try eventually("something is dropped") { try tunnel.report().kill_switch?.dropped ?? 0 > 20 }
            _ = try scene.stop(sender)
            #expect(try scene.r.counted() == 0)
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    /// While it is up, and after everything of it was killed (NordSecurity/nordvpn-linux#76: DHCP that is not renewed;
    /// Rafficer/linux-cli-community#247: groups on the LAN that are lost; #9: this host's own addresses).
    @Test func `the LAN, this host itself, neighbours, groups and DHCP go on`() throws {
        try KillSwitchScene.open { scene in
            let tunnel = try scene.up()
            func look() throws {
                #expect(try scene.a.ping("10.20.1.9") == 3)
                #expect(try scene.c.ping("10.20.1.1") == 3)
                #expect(try scene.a.ping("192.0.2.254") == 3)
                #expect(try scene.a.ping("192.0.2.1") == 3)
                #expect(try scene.a.ping("127.0.0.1") == 3)
                for group in ["224.0.0.251", "255.255.255.255", "239.1.2.3"] {
                    try scene.a.shell(Self.send(group, by: "lan"))
                }
            }
            try scene.c.startCounting("ip daddr { 224.0.0.251, 255.255.255.255, 239.1.2.3 } udp dport 68")
            try look()
            #expect(try scene.c.counted() == 3)
            let everything = tunnel.process.children
            for process in [tunnel.process.id] + everything { kill(process, SIGKILL) }
            _ = try tunnel.process.wait()
            try scene.a.shell("ip neigh flush all")
            try look()
            #expect(try scene.c.counted() == 6)
            try scene.a.down("mine")
        }
    }

    /// A datagram for port 68, as DHCP and mDNS send theirs: to a group, by one device.
    private static func send(_ address: String, by device: String) -> String {
        """
        /usr/bin/python3 -c '
        import socket
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"\(device)")
        s.sendto(b"x", ("\(address)", 68))'
        """
    }

    /// A longer route of main leads elsewhere, as long as it is there (mullvad/mullvadvpn-app#4814: an excluded host;
    /// tailscale/tailscale#3646, amnezia-vpn/amnezia-client#1566: static routes to a second LAN).
    @Test func `what a longer route of main says passes, and is followed`() throws {
        try KillSwitchScene.open { scene in
            try scene.r.shell("ip address add 203.0.113.200/32 dev lo")
            let tunnel = try scene.up()
            #expect(try !scene.a.shell("nft list ruleset").contains("203.0.113"))
            try scene.a.shell("ip route add 203.0.113.200/32 via 192.0.2.254 proto static")
            try eventually("the filter knows it") { try scene.a.shell("nft list ruleset").contains("203.0.113.199") }
            #expect(try scene.a.ping("203.0.113.200") == 3)
            #expect(try scene.r.counted() == 3)
            try scene.a.shell("ip route delete 203.0.113.200/32")
            try eventually("the filter knows it") { try !scene.a.shell("nft list ruleset").contains("203.0.113") }
            #expect(tunnel.process.text.contains("the host has changed: nft '"))
            #expect(try tunnel.report().repairs == 0)
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    /// quincy-rs/quincy#69, trailofbits/algo#14720, vanhoefm/vpnleaks#1: whoever serves DHCP makes longer routes (option 121).
    /// dhclient makes them as `ip route add` does.
    @Test(arguments: [
        ("0.0.0.0/1 128.0.0.0/1", "dhcp"), ("203.0.113.0/24", "dhcp"), ("203.0.113.9/32", "ra"),
        ("203.0.113.0/24", "boot"), ("202.0.0.0/7", "static"),
    ])
    func `routes that DHCP makes by a router open nothing, and are named`(prefixes: String, maker: String) throws {
        try KillSwitchScene.open { scene in
            for prefix in prefixes.split(separator: " ") {
                try scene.a.shell("ip route add \(prefix) via 192.0.2.254 proto \(maker)")
            }
            let tunnel = try scene.up()
            #expect(tunnel.process.text.contains("lead past the tunnel (\(prefixes.split(separator: " ")[0])"))
            let sender = try scene.startSending(from: scene.a)
            try eventually("something is dropped") { try tunnel.report().kill_switch?.dropped ?? 0 > 20 }
            _ = try scene.stop(sender)
            #expect(try scene.r.counted() == 0)
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    /// A corporate network that DHCP tells of, beside a tunnel for everything.
    @Test func `routes that DHCP makes by a router to private addresses count, unless these are the tunnel's`() throws {
        try KillSwitchScene.open { scene in
            try scene.r.shell("ip address add 10.66.0.1/32 dev lo")
            try scene.a.shell("ip route add 10.66.0.0/16 via 192.0.2.254 proto dhcp")
            let tunnel = try scene.up()
            #expect(try scene.a.ping("10.66.0.1") == 3)
            #expect(try tunnel.end(SIGINT) == 0)
            let other = try scene.a.up(
                "--device", "mine", "--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.0.0.0/8",
                "--kill-switch")
            #expect(try scene.a.ping("10.66.0.1", count: 1, "-W", "0.3") == 0)
            #expect(try other.end(SIGINT) == 0)
        }
    }

    /// An unrelated tunnel must not take the name of one whose kill switch stands.
    @Test func `a tunnel without a name takes none whose kill switch stands`() throws {
        try KillSwitchScene.open { scene in
            let first = try scene.a.up("--peer", "198.51.100.2", "--allowed-ips", "0.0.0.0/0", "--kill-switch")
            #expect(first.name == "iptun0")
            #expect(try first.end() == 0)
            let second = try scene.a.up("--peer", "198.51.100.2", "--allowed-ips", "10.77.0.0/16")
            #expect(second.name == "iptun1")
            #expect(try scene.look().contains("table ip iptund-iptun0"))
            #expect(try scene.a.iptund("status", "iptun0").text.contains("down, and its kill switch stands"))
            #expect(try scene.a.iptund("down", "nosuch").text.contains("the kill switch of tunnel iptun0 stands here"))
            #expect(try second.end() == 0)
            try scene.a.down("iptun0")
            #expect(try !scene.look().contains("iptund"))
        }
    }

    /// What took it would leave in clear.
    @Test func `a route of others to the same prefix does not open the layer of routes`() throws {
        try KillSwitchScene.open { scene in
            let tunnel = try scene.a.up(
                "--device", "mine", "--peer", "198.51.100.2", "--allowed-ips", "203.0.113.0/24", "--kill-switch")
            try scene.a.shell("ip route add 203.0.113.0/24 via 192.0.2.254 metric 100 proto static")
            #expect(try tunnel.end() == 0)
            try scene.a.shell("nft flush ruleset")
            #expect(try scene.a.run(["ip", "route", "get", "203.0.113.9"]).status == 2)
            try scene.a.down("mine")
        }
    }

    /// qdm12/gluetun#2484, #1175: a container's own default route beside the tunnel's.
    @Test func `in another namespace it is independent of the routes there, too`() throws {
        try KillSwitchScene.open { scene in
            try scene.c.shell("ip link set eth0 up")
            let before = try scene.c.state
            let tunnel = try scene.a.up(
                "--device", "mine", "--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0",
                "--netns", scene.c.namespace, "--kill-switch")
            #expect(try scene.c.ping("10.9.0.2") == 3)
            #expect(try scene.c.ping("10.20.1.1") == 3)
            let sender = try scene.startSending(from: scene.c)
            for script in ["nft flush ruleset", "ip route flush table all proto 203"] {
                try scene.c.shell(script)
                try eventually("it stands again") {
                    try scene.c.shell("nft list ruleset; ip route show table all").split(separator: "\n").filter {
                        $0.contains("table ip iptund-mine") || $0.contains("unreachable default table")
                    }.count == 2
                }
            }
            #expect(try tunnel.end() == 0)
            _ = try scene.stop(sender)
            #expect(try scene.r.counted() == 0)
            try scene.a.down("mine")
            #expect(try scene.c.changes(since: before) == [])
        }
    }

    /// What was an exception a moment ago is none when the tunnel is stopped.
    @Test func `it is what it has to be when its keeper goes`() throws {
        try KillSwitchScene.open { scene in
            let tunnel = try scene.up()
            try scene.a.shell("ip route add 203.0.113.0/24 via 192.0.2.254 proto static")
            try eventually("the filter knows it") {
                try scene.a.shell("nft list ruleset").contains("203.0.113.255") == false
                    && scene.a.shell("nft list ruleset").contains("203.0.114.0")
            }
            tunnel.process.signal(SIGSTOP)
            try scene.a.shell("ip route delete 203.0.113.0/24; kill -9 \(tunnel.process.id)")
            let keeper = tunnel.process.children.last
            _ = try tunnel.process.wait()
            try eventually("the keeper is done") { keeper.map { Running.isGone($0) } ?? true }
            #expect(try !scene.a.shell("nft list ruleset").contains("203.0.114.0"))
            try scene.a.down("mine")
        }
    }

    /// netbirdio/netbird#6022, canonical/microk8s#1541: a firewall sets a bit of each packet's mark.
    @Test func `marks of others beside ours do not stop the tunnel`() throws {
        try KillSwitchScene.open { scene in
            try scene.a.shell(
                "nft 'table ip other { chain out { type filter hook output priority 0; meta mark set meta mark | 0x4000; }; }'"
            )
            let tunnel = try scene.up()
            #expect(try scene.a.ping("10.9.0.2") == 3)
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    /// peacey/split-vpn#8: the kill switch of one keeps the other's packets.
    @Test func `two tunnels, each with a kill switch of its own, do not keep each other's packets`() throws {
        try KillSwitchScene.open { scene in
            let first = try scene.up()
            let far = try scene.r.up(
                "--device", "far", "--peer", "192.0.2.1", "--address", "10.9.1.2/32", "--allowed-ips", "10.9.1.1/32")
            let second = try scene.a.up(
                "--device", "second", "--peer", "192.0.2.254", "--address", "10.9.1.1/32", "--allowed-ips",
                "10.9.1.2/32,192.0.2.128/25", "--kill-switch")
            try eventually("the first knows the second's prefixes") {
                try !scene.a.shell("nft list table ip iptund-mine").contains("10.9.1.2")
                    && scene.a.shell("nft list table ip iptund-mine").contains("10.9.1.1")
            }
            #expect(try scene.a.ping("10.9.1.2") == 3)
            #expect(try scene.a.ping("10.9.0.2") == 3)
            #expect(try second.end(SIGINT) == 0)
            #expect(try scene.a.ping("10.9.0.2") == 3)
            #expect(try first.end(SIGINT) == 0)
            #expect(try far.end() == 0)
            #expect(try !scene.look().contains("iptund"))
        }
    }

    /// AirVPN/Eddie#90 (a kill switch that cannot be made, and nobody is told) and #149 (others' tables are changed).
    @Test func `a table of its name that another program made is in the way, and left alone`() throws {
        try KillSwitchScene.open { scene in
            try scene.a.shell("nft add table ip iptund-mine")
            let before = try scene.a.state
            let process = try scene.begin()
            #expect(try process.wait() == 1)
            #expect(
                process.text.contains(
                    "cannot make table ip iptund-mine of nftables: another program made one of this name"))
            #expect(process.text.contains("nft list table ip iptund-mine"))
            #expect(try scene.a.changes(since: before) == [])
            // It comes while the tunnel is up: said, and the other layer stands.
            try scene.a.shell("nft delete table ip iptund-mine")
            let tunnel = try scene.up()
            scene.lab.stopKeepers()
            try scene.a.shell("nft delete table ip iptund-mine; nft add table ip iptund-mine")
            scene.lab.stopKeepers(false)
            let report = try tunnel.report { $0.state == "degraded" }
            #expect(report.problem?.contains("another one is in the place of 'nft") == true, "\(report.problem ?? "")")
            #expect(report.kill_switch?.layers == ["routes"])
            try scene.a.shell("nft delete table ip iptund-mine")
            #expect(try tunnel.report { $0.kill_switch?.layers.count == 2 }.state == "up")
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    @Test func `without nftables it stands on routes alone, and says so`() throws {
        try KillSwitchScene.open { scene in
            let before = try scene.a.state
            let tunnel = try scene.a.up(
                ["--peer", "198.51.100.2"] + KillSwitchScene.options + ["--kill-switch"],
                through: Without.nftables)
            #expect(
                tunnel.process.text.contains(
                    "KillSwitch stands on routes alone (this kernel has no nftables): while another program removes these, "
                        + "packets leave in clear"))
            #expect(try scene.a.shell("nft list ruleset").isEmpty)
            #expect(try tunnel.report { $0.kill_switch != nil }.kill_switch?.layers == ["routes"])
            #expect(try scene.a.iptund("show", "mine").text.contains("kill switch: routes\n"))
            #expect(try scene.a.ping("10.9.0.2") == 3)
            #expect(try tunnel.report().state == "up")
            #expect(try tunnel.end(SIGINT) == 0)
            #expect(try scene.a.changes(since: before) == [])
        }
    }

    @Test func `where what is for the tunnel is in too many pieces it stands on routes alone, and says so`() throws {
        try KillSwitchScene.open { scene in
            let routes = (0..<33_000).map { "route add 11.\($0 / 256).\($0 % 256).0/32 dev lan" }
            try Lab.command("ip", "-n", scene.a.namespace, "-batch", try scene.lab.batch(routes))
            let tunnel = try scene.up()
            #expect(
                tunnel.process.text.contains("KillSwitch stands on routes alone (what is for the tunnel is in 3300"))
            #expect(try scene.a.shell("nft list ruleset").isEmpty)
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    @Test func `with a table by number it stands on routes alone, and says so`() throws {
        try KillSwitchScene.open { scene in
            let tunnel = try scene.up(["--table", "77"])
            #expect(tunnel.process.text.contains("KillSwitch stands on routes alone (Table = N is for packets"))
            #expect(try scene.a.ping("192.0.2.254") == 3)
            // What takes no rule to that table is none of its business.
            #expect(try scene.a.device(to: "203.0.113.9") == "eth0")
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }
}
