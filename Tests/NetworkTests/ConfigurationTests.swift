// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Tunnels that a file describes.
@Suite(.needsRoot)
struct ConfigurationTests {
    private static let text = """
        [Interface]
        Address    = 10.9.0.1 peer 10.9.0.2
        MTU        = 1400

        [Peer]
        Endpoint   = 192.0.2.2
        AllowedIPs = 10.9.1.0/24

        """

    /// What runs a program for which `etc` in the lab is /etc/iptund; nobody else's is touched.
    private static func ownFiles(_ lab: Lab) throws -> [String] {
        try Files.makeDirectory(lab.directory + "/etc", mode: 0o755)
        let script = #"mount -t tmpfs tmpfs /etc; mkdir /etc/iptund; mount --bind "$1" /etc/iptund; shift; exec "$@""#
        return ["unshare", "-m", "sh", "-ec", script, "sh", lab.directory + "/etc"]
    }

    private func write(_ text: String, _ name: String, in lab: Lab, mode: UInt32 = 0o644) throws -> String {
        let path = "\(lab.directory)/\(name)"
        try Files.createNew(path, Array(text.utf8), mode: mode)
        return path
    }

    @Test func `a file does what flags do`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            let file = try write(ConfigurationTests.text, "tunl-b.conf", in: lab)
            let flags = [
                "--device", "tunl-b", "--address", "10.9.0.1 peer 10.9.0.2", "--mtu", "1400", "--peer", "192.0.2.2",
                "--allowed-ips", "10.9.1.0/24",
            ]
            let described = try a.up([file])
            #expect(described.name == "tunl-b")
            #expect(try a.link("tunl-b", "mtu") == "1400")
            let echoes = described.echoes
            #expect(try described.end() == 0)
            #expect(try a.changes(since: before) == [])
            let flagged = try a.up(flags)
            #expect(flagged.echoes == echoes && !echoes.isEmpty)
            #expect(try flagged.end() == 0)
            #expect(
                try a.run([Host.program, "up", "--dry-run", file]).text
                    == a.run([Host.program, "up", "--dry-run"] + flags).text)
        }
    }

    @Test func `what --save wrote brings up the same tunnel`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let wrapper = try ConfigurationTests.ownFiles(lab)
            let first = try a.up(
                ["--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--save", "tunl-b"], through: wrapper)
            #expect(first.name == "tunl-b")
            #expect(try Files.status(lab.directory + "/etc/tunl-b.conf").mode == 0o644)
            let echoes = first.echoes
            #expect(try first.end() == 0)
            let second = try a.up(["tunl-b"], through: wrapper)
            #expect(second.name == "tunl-b")
            #expect(second.echoes == echoes && !echoes.isEmpty)
            #expect(try second.end() == 0)
            let again = try a.refuses(
                wrapper + [Host.program, "up", "--peer", "192.0.2.2", "--save", "tunl-b"], status: 2)
            explains(again)
            #expect(again.contains("/etc/iptund/tunl-b.conf is there already"))
        }
    }

    @Test func `a tunnel that does not come up is not saved`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let wrapper = try ConfigurationTests.ownFiles(lab)
            explains(
                try a.refuses(wrapper + [Host.program, "up", "--peer", "192.0.2.255", "--save", "b"], status: 1))
            #expect(try Files.entries(lab.directory + "/etc") == [])
        }
    }

    @Test(arguments: [
        "[Interface]\nMUT = 1400\n[Peer]\nEndpoint = 192.0.2.2\n",
        "[Peer]\nEndpoint = 192.0.2.2\nAllowedIPs = 10.0.0.0/8\n[Peer]\nEndpoint = 192.0.2.3\nAllowedIPs = 10.0.0.0/8\n",
        "",
    ])
    func `a bad file changes nothing`(text: String) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let file = try write(text, "b.conf", in: lab)
            for words in [["up"], ["up", "--dry-run"]] {
                let message = try a.refuses([Host.program] + words + [file], status: 2)
                explains(message)
                #expect(message.hasPrefix("iptund: \(file):"))
            }
        }
    }

    @Test func `a file that others may write is refused`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let writable = try write(ConfigurationTests.text, "b.conf", in: lab, mode: 0o646)
            let foreign = try write(ConfigurationTests.text, "c.conf", in: lab)
            Files.give(foreign, user: 1_234, group: 0)
            for (file, reason) in [(writable, "may be written by others"), (foreign, "belongs to user 1234")] {
                let message = try a.refuses([Host.program, "up", file], status: 2)
                explains(message)
                #expect(message.contains(reason))
            }
        }
    }

    @Test func `check says all that is wrong, or that nothing is`() throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            let good = try write(ConfigurationTests.text, "b.conf", in: lab)
            let fine = try a.iptund("check", good)
            #expect((fine.status, fine.text) == (0, "\(good): fine: 1 peer, device b\n"))
            let bad = try write("[Interface]\nMUT = 1\nTTL = 0\n[Peer]\nEndpoint = !\n", "c.conf", in: lab)
            let found = try a.iptund("check", bad)
            #expect(found.status == 2)
            let places = found.text.split(separator: "\n").map { $0.prefix { $0 != " " } }
            #expect(places == ["\(bad):2:1:", "\(bad):3:7:", "\(bad):5:12:"])
        }
    }
}
