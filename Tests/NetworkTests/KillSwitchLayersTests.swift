// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Either layer of the kill switch is enough: what leaves in clear is counted at the router, while something is removed under
/// traffic of this host and of one behind it. See ``KillSwitchScene``.
@Suite(.needsRoot)
struct KillSwitchLayersTests {
    /// `make soak` makes it a hundred.
    private static let count = Soak.isOn ? 100 : 10

    private static let routes = [
        "ip rule | awk '/proto 203/ { print $1 }' | tr -d : | while read p; do ip rule delete pref $p; done",
        "ip route flush table 1994000", "ip route flush table all proto 203",
        "ip route flush table all proto 203; while ip rule delete table 1994000; do :; done 2>/dev/null; true",
        "ip link set mine down",
    ]
    private static let tables = [
        "nft delete table ip iptund-mine", "nft flush table ip iptund-mine",
        "nft add table ip iptund-mine '{ flags dormant; }'", "nft insert rule ip iptund-mine out accept",
    ]

    /// Runs `scripts` in turn under traffic, each once the host is whole again. Returns how many packets left in clear.
    private func disturb(_ scene: KillSwitchScene, _ scripts: [String], count: Int = Self.count) throws -> Int {
        let senders = [try scene.startSending(from: scene.a), try scene.startSending(from: scene.c)]
        for number in 0..<count {
            try scene.a.shell(scripts[number % scripts.count])
            try eventually("both layers stand again") { try scene.isWhole() }
        }
        for sender in senders {
            let (sent, _) = try scene.stop(sender)
            #expect(sent > 0)
        }
        return try scene.r.counted()
    }

    /// netbirdio/netbird#4578 and #4363, systemd/systemd#22077: a network manager tidies up. ivpn/desktop-app#217,
    /// mullvad/mullvadvpn-app#2658: what is forwarded leaks although what is local does not.
    @Test func `0 packets leave in clear while routes and rules are removed`() throws {
        try KillSwitchScene.open(within: UInt64(Self.count) * 1_000 + TimeLimit.milliseconds) { scene in
            let before = try scene.a.state
            let tunnel = try scene.up()
            #expect(try disturb(scene, Self.routes) == 0)
            let report = try tunnel.report { $0.kill_switch?.dropped ?? 0 > 0 }
            #expect(report.kill_switch?.layers == ["routes", "nftables"])
            #expect(try #require(report.kill_switch?.dropped) > 0)
            #expect(try scene.a.iptund("show", "mine").text.contains("dropped that would have left in clear"))
            #expect(try tunnel.end(SIGINT) == 0)
            #expect(try scene.a.changes(since: before) == [])
        }
    }

    /// firewalld/firewalld#742 and #863: a firewall that is reloaded takes others' tables along.
    @Test func `0 packets leave in clear while the table is removed, emptied or put to sleep`() throws {
        try KillSwitchScene.open(within: UInt64(Self.count) * 2_000 + TimeLimit.milliseconds) { scene in
            let before = try scene.a.state
            let tunnel = try scene.up()
            let scripts = Self.tables.flatMap { ["nft flush ruleset", $0] }
            #expect(try disturb(scene, scripts, count: Self.count * 2) == 0)
            #expect(tunnel.process.text.contains("restored: nft 'table ip iptund-mine"))
            #expect(try tunnel.end(SIGINT) == 0)
            #expect(try scene.a.changes(since: before) == [])
        }
    }

    /// Only who removes both at once lets packets out, until the keeper has looked.
    @Test func `while both are removed at once, packets leave for a moment only`() throws {
        try KillSwitchScene.open(within: UInt64(Self.count) * 1_000 + TimeLimit.milliseconds) { scene in
            let tunnel = try scene.up()
            let routes = "ip route flush table all proto 203"
            let leaked = try disturb(scene, ["\(routes); nft flush ruleset", "\(routes) & nft flush ruleset & wait"])
            print("both layers removed \(Self.count) times: \(leaked) packets in clear at 1,000 a second")
            // A second each would be a thousand each.
            #expect(leaked < Self.count * 1_000)
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    @Test func `0 packets leave in clear where the ruleset is flushed ten times a second, and it is said`() throws {
        try KillSwitchScene.open { scene in
            let tunnel = try scene.up()
            let sender = try scene.startSending(from: scene.c)
            let flusher = try scene.a.start(["sh", "-c", "for n in $(seq 40); do nft flush ruleset; sleep 0.1; done"])
            try eventually("it is degraded") { try tunnel.report().state == "degraded" }
            #expect(try tunnel.report().problem?.contains("nft flush ruleset") == true)
            _ = try flusher.wait()
            // Never waits: a barrier is made again at once, however often.
            try eventually("it stands", within: 2) { try scene.isWhole() }
            _ = try scene.stop(sender)
            #expect(try scene.r.counted() == 0)
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    /// FreshTomato-Project/freshtomato-arm#151, ivpn/desktop-app#417, tailscale/tailscale#10773: restarts and upgrades;
    /// mullvad/mullvadvpn-app#2172, NordSecurity/nordvpn-linux#168: crashes.
    @Test(arguments: ["daemon", "keeper", "both", "stop", "all"])
    func `0 packets leave in clear while it dies and is started again`(victim: String) throws {
        try KillSwitchScene.open { scene in
            let before = try scene.a.state
            var tunnel = try scene.up()
            let senders = [try scene.startSending(from: scene.a), try scene.startSending(from: scene.c)]
            for _ in 1...(Soak.isOn ? 20 : 3) {
                let keeper = try tunnel.keeper
                switch victim {
                case "daemon": try tunnel.end(SIGKILL)
                case "keeper":
                    kill(keeper, SIGKILL)
                    try tunnel.end()
                case "both":
                    kill(keeper, SIGKILL)
                    try tunnel.end(SIGKILL)
                case "stop": #expect(try tunnel.end() == 0)
                default:
                    let everything = tunnel.process.children
                    kill(tunnel.process.id, SIGKILL)
                    for child in everything { kill(child, SIGKILL) }
                    _ = try tunnel.process.wait()
                }
                try eventually("it is gone") { Running.isGone(keeper) }
                #expect(try scene.isWhole())
                let cleaning = try scene.a.run(["env", "SERVICE_RESULT=signal", Host.program, "down", "mine"])
                #expect(cleaning.status == 0, "\(cleaning.text)")
                #expect(try scene.isWhole())
                tunnel = try scene.up()
            }
            for sender in senders { _ = try scene.stop(sender) }
            #expect(try scene.r.counted() == 0)
            #expect(try tunnel.end(SIGINT) == 0)
            #expect(try scene.a.changes(since: before) == [])
        }
    }

    /// YunoHost/issues#2547 (a firewall is reloaded after the crash) and systemd/systemd#19106: nobody is there to make it again.
    @Test(arguments: [
        "nft flush ruleset", "ip route flush table all proto 203; while ip rule delete table 1994000; do :; done; true",
    ])
    func `0 packets leave in clear while everything is dead and one layer is removed`(script: String) throws {
        try KillSwitchScene.open { scene in
            let before = try scene.a.state
            let tunnel = try scene.up()
            let senders = [try scene.startSending(from: scene.a), try scene.startSending(from: scene.c)]
            let everything = tunnel.process.children
            for process in [tunnel.process.id] + everything { kill(process, SIGKILL) }
            _ = try tunnel.process.wait()
            try scene.a.shell("(\(script)) 2> /dev/null")
            let sent = try scene.r.counted()
            let again = try scene.up()
            for sender in senders { _ = try scene.stop(sender) }
            #expect(sent == 0)
            #expect(try scene.r.counted() == 0)
            #expect(try scene.isWhole())
            #expect(try again.end(SIGINT) == 0)
            #expect(try scene.a.changes(since: before) == [])
        }
    }

    /// Once it has begun, and whatever becomes of the peer (Harry-kp/vortix#250: a start before the network is there).
    @Test func `0 packets leave in clear while a peer's name has no address`() throws {
        try KillSwitchScene.open { scene in
            let tunnel = try scene.begin(peer: "nowhere.invalid", through: NameBook(scene.lab).wrapper)
            try eventually("both layers stand") { try scene.isWhole() }
            let senders = [try scene.startSending(from: scene.a), try scene.startSending(from: scene.c)]
            try tunnel.waitFor(" is up: ")
            for _ in 1...3 {
                try scene.a.shell(Self.routes[0])
                try eventually("both layers stand again") { try scene.isWhole() }
            }
            for sender in senders { _ = try scene.stop(sender) }
            #expect(try scene.r.counted() == 0)
        }
    }

    /// RMerl/asuswrt-merlin#1451, blokadaorg/blokada#545: a link that flaps, a second uplink that is better.
    @Test func `0 packets leave in clear while the uplink is replaced, and while another one is better`() throws {
        try KillSwitchScene.open { scene in
            let tunnel = try scene.up()
            try scene.lab.connect(scene.a, "eth1", "192.0.2.130/25", scene.r, "eth2", "192.0.2.254/25")
            let senders = [try scene.startSending(from: scene.a), try scene.startSending(from: scene.c)]
            for script in [
                "ip link set eth0 down", "ip link set eth0 up", "ip route replace default via 192.0.2.254 dev eth0",
                "ip route add default via 192.0.2.254 dev eth1 metric 5",
                "ip route delete default via 192.0.2.254 metric 5",
                "ip route add default dev eth1 metric 3", "ip address flush dev eth1",
            ] {
                try scene.a.shell(script)
                try eventually("both layers stand") { try scene.isWhole() }
            }
            for sender in senders { _ = try scene.stop(sender) }
            #expect(try scene.r.shell("nft list table ip watch").contains("packets 0"))
            #expect(try tunnel.end(SIGINT) == 0)
        }
    }

    /// githubixx/ansible-role-wireguard#147, d4rkcat/pia#7: what is kept in follows AllowedIPs, and a reload has no window.
    @Test func `0 packets leave in clear through a reload, and it goes when the file says so`() throws {
        try KillSwitchScene.open { scene in
            let file = "\(scene.lab.directory)/mine.conf"
            func write(_ prefixes: String, _ more: String) throws {
                let text =
                    "[Interface]\nAddress = 10.9.0.1/32\nForward = yes\n\(more)\n[Peer]\nEndpoint = 198.51.100.2\n"
                try Files.write(Array("\(text)AllowedIPs = \(prefixes)\n".utf8), to: file)
            }
            func reload() throws {
                let ending = try scene.a.iptund("reload", "mine")
                #expect(ending.status == 0, "\(ending.text)")
            }
            try write("0.0.0.0/0", "KillSwitch = yes")
            let tunnel = try scene.a.up(file)
            let senders = [try scene.startSending(from: scene.a), try scene.startSending(from: scene.c)]
            for prefixes in ["0.0.0.0/1, 128.0.0.0/1", "0.0.0.0/0", "0.0.0.0/0, 203.0.113.0/24", "128.0.0.0/1"] {
                try write(prefixes, "KillSwitch = yes")
                try reload()
            }
            for sender in senders { _ = try scene.stop(sender) }
            #expect(try scene.r.counted() == 0)
            try write("0.0.0.0/0", "KillSwitch = no")
            try reload()
            #expect(try !scene.look().contains("unreachable"))
            #expect(try !scene.look().contains("iptund"))
            #expect(try tunnel.report { $0.kill_switch == nil }.kill_switch == nil)
            try write("0.0.0.0/0", "KillSwitch = yes")
            try reload()
            #expect(try scene.isWhole())
            #expect(try tunnel.end(SIGINT) == 0)
            #expect(try !scene.look().contains("iptund"))
        }
    }
}
