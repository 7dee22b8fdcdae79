// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// `iptund doctor` before, while and after, as anybody, on any host: what it says, and that it changes nothing.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct DoctorTests {
    /// 65534, who may read wherever the program was built, and nothing else.
    private static let nobody = [
        "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all,+dac_read_search",
        "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search",
    ]

    private static func examine(
        _ host: Host, _ arguments: String..., through wrapper: [String] = []
    ) throws -> (found: Diagnoses, status: Int32) {
        let ending = try host.run(wrapper + [Host.program, "doctor", "--json"] + arguments)
        return (try decode(ending.text, as: Diagnoses.self), ending.status)
    }

    @Test func `a tunnel whose program has another name is no foreign owner of protocol 4`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let renamed = "\(lab.directory)/tunneld"
            try a.shell("cp \(Host.program) \(renamed)")
            let process = try a.start([
                renamed, "up", "--peer", "192.0.2.2", "--device", "t", "--address", "10.9.0.1/32",
            ])
            try process.waitFor(" is up: ")
            for program in [Host.program, renamed] {
                let text = try a.run([program, "doctor", "t"]).text
                #expect(!text.contains("   owner.foreign"), "\(text)")
            }
        }
    }

    @Test func `before up it says whether it would work, from flags or from a file`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            #expect(try Self.examine(a, "--peer", "192.0.2.2").status == 0)
            let lost = try Self.examine(a, "--peer", "203.0.113.1")
            #expect(lost.found.ids("broken") == ["route.underlay"])
            let file = try lab.file("a/net", "[Interface]\nLocal = 192.0.2.77\n[Peer]\nEndpoint = 192.0.2.2\n")
            let named = try Self.examine(a, file)
            #expect(named.found.checks.first?.id == "address.local")
            #expect(named.status == 1)
            #expect(try a.iptund("doctor", "nobody-knows-it").status == 2)
            #expect(try a.iptund("doctor", "--peer", "not a host").status == 2)
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `while up it changes nothing, and people read what is wrong first`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            let before = try a.host.state
            let fine = try a.host.iptund("doctor", a.name)
            #expect(fine.text.contains("ok       "))
            #expect(!fine.text.contains("broken ") && !fine.text.contains("warning "), "\(fine.text)")
            #expect(fine.status == 0)
            #expect(try a.host.iptund("doctor").status == 0)
            #expect(try a.host.changes(since: before) == [])
            lab.stopKeepers()
            try a.host.shell("ip link set dev iptun0 mtu 1490")
            let warned = try a.host.iptund("doctor", a.name)
            #expect(warned.text.contains("\nwarning  mtu.device\n") || warned.text.hasPrefix("warning  mtu.device\n"))
            #expect(warned.text.contains("         fix: ip link set dev iptun0 mtu 1480\n"))
            #expect(warned.status == 3)
            try a.host.shell("ip link set iptun0 down")
            let broken = try a.host.iptund("doctor")
            #expect(broken.text.hasPrefix("broken   device.down\n"))
            #expect(broken.text.contains("         fix: ip link set dev iptun0 up"), "\(broken.text)")
            #expect(broken.status == 1)
        }
    }

    @Test func `a crash is seen, with what it left, until somebody takes it back`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            let keeper = try a.keeper
            kill(keeper, SIGKILL)
            try eventually("the keeper is dead") { Running.isGone(keeper) }
            try a.end(SIGKILL)
            try eventually("nobody holds the lock") {
                try Self.examine(a.host, a.name).found.ids("broken") == ["tunnel.up"]
            }
            let found = try Self.examine(a.host).found
            let left = try #require(found.checks.first { $0.id == "leftovers.stale" })
            #expect(left.verdict == "warning")
            #expect(left.fix == "iptund down \(a.name)")
            #expect(left.evidence.contains { $0.contains("ip route add 192.0.2.2") }, "\(left.evidence)")
            try a.host.down(a.name)
            #expect(try Self.examine(a.host).found.ids("broken") == [])
        }
    }

    @Test func `an ordinary user is told what could not be seen`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            let (found, status) = try Self.examine(a.host, a.name, through: Self.nobody)
            #expect(found.ids("broken") == [])
            let up = try #require(found.checks.first { $0.id == "tunnel.up" })
            #expect(up.verdict == "unknown")
            #expect(up.evidence.contains { $0.contains("Permission denied") })
            // Nothing of what could not be seen is called well.
            #expect(status == 3)
            for id in ["peer.absent", "peer.silent", "peer.inner", "changes.missing", "route.inner"] {
                #expect(found.checks.contains { $0.id == id && $0.verdict == "unknown" }, "\(id)")
            }
        }
    }

    @Test(arguments: [
        "umount -l /sys; exec \"$@\"", "mount -t tmpfs tmpfs /proc/sys; exec \"$@\"",
        "mount -t tmpfs tmpfs /sbin; mount -t tmpfs tmpfs /usr/sbin; exec \"$@\"",
    ])
    func `in a poor container it says less, and does not fail`(poverty: String) throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            let wrapper = ["unshare", "-m", "sh", "-ec", poverty, "sh"]
            let (found, status) = try Self.examine(a.host, a.name, through: wrapper)
            #expect(found.ids("broken") == [])
            #expect(status == (found.ids("unknown").isEmpty ? 0 : 3))
        }
    }

    @Test func `ten thousand routes and five hundred interfaces take no longer`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            try a.host.shell(
                """
                for i in $(seq 250); do
                    echo link add d$i type veth peer name e$i
                    echo addr add 10.100.$((i % 250)).1/24 dev d$i
                    echo addr add 10.101.$((i % 250)).1/24 dev e$i
                done > \(lab.directory)/links
                for i in $(seq 0 9999); do echo route add 172.16.$((i / 256)).$((i % 256))/32 dev eth0; done \
                    > \(lab.directory)/routes
                ip -batch \(lab.directory)/links
                ip -batch \(lab.directory)/routes
                """)
            let start = Clock.milliseconds
            let (found, status) = try Self.examine(a.host, a.name)
            let duration = Clock.milliseconds - start
            print("doctor with 10,000 routes and 500 interfaces: \(duration) ms")
            #expect(found.ids("broken") == [])
            #expect(status == 0)
            // One second of it is the time that is watched. Generous: the machine may have much else to do.
            #expect(duration < 10_000)
        }
    }

    @Test func `a device in another network namespace is looked at there`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let inner = try lab.host("inner")
            let tunnel = try a.up(
                "--peer", "192.0.2.2", "--netns", inner.namespace, "--address", "10.9.0.1/32", "--allowed-ips",
                "10.9.0.2/32")
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            #expect(try Self.examine(a, tunnel.name).status == 0)
            lab.stopKeepers()
            try inner.shell("ip route delete 10.9.0.2")
            let (found, status) = try Self.examine(a, tunnel.name)
            #expect(found.ids("broken") == ["changes.missing"])
            #expect(status == 1)
            let fix = try #require(found.checks.first?.fix)
            try a.shell(fix)
            #expect(try Self.examine(a, tunnel.name).status == 0)
            let dead = try a.up("--peer", "203.0.113.9", "--netns", inner.namespace, "--device", "dead")
            #expect(try Self.examine(a, dead.name).found.ids("ok").isDisjoint(with: ["peer.absent", "peer.silent"]))
        }
    }

    @Test func `one of several peers can be asked about, and its counters are its own`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let file = try lab.file(
                "a/two",
                """
                [Interface]
                [Peer]
                Endpoint = 203.0.113.1
                AllowedIPs = 10.8.0.0/24
                [Peer]
                Name = b
                Endpoint = 192.0.2.2
                AllowedIPs = 10.9.0.0/24
                """)
            let tunnel = try a.up(file)
            #expect(try Self.examine(a, tunnel.name).found.ids("broken") == ["route.underlay"])
            #expect(try Self.examine(a, tunnel.name, "--peer", "b").found.ids("broken") == ["peer.absent"])
            #expect(try Self.examine(a, tunnel.name, "--peer", "192.0.2.2").found.ids("broken") == ["peer.absent"])
        }
    }
}
