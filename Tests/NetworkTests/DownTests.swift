// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// `iptund down`, in all situations that somebody may type it in.
///
/// ```
///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct DownTests {
    @Test func `of a tunnel that never was there is nothing to do`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            try a.expectNothingToDo("never")
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `a tunnel that is stopped does not answer, and goes on afterwards`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            a.process.signal(SIGSTOP)
            let ending = try a.host.iptund("down", a.name)
            #expect(ending.status == 1)
            explains(ending.text)
            #expect(ending.text.contains("tunnel iptun0 does not answer"))
            #expect(ending.text.contains("kill"))
            a.process.signal(SIGCONT)
            try eventually("it answers") { (try? a.report().state) == "up" || a.process.hasEnded }
            // It heard the question, when it could.
            #expect(try a.process.wait() == 0)
        }
    }

    /// One of its messages to the kernel takes a while: it is still looking, it makes changes, it has made them.
    @Test(arguments: [1, 6, 8, 12, 20, 24])
    func `a tunnel that is just starting ends as soon as it stands`(message: Int) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let (before, log) = (try a.state, lab.directory + "/trace")
            let strace = Strace(log: log, call: "sendmsg", injection: "delay_enter=1500000:when=\(message)")
            let up = [
                Host.program, "up", "--device", "slow", "--peer", "192.0.2.2", "--address", "10.9.0.1/32",
                "--allowed-ips", "192.0.2.0/24,10.9.0.2/32",
            ]
            let process = try a.start(strace.words + up)
            try eventually("it is held up") {
                ((try? Files.read(log)) ?? "").split(separator: "\n").count >= message - 1
            }
            let ending = try a.iptund("down", "slow")
            #expect(ending.status == 0, "\(ending.text)")
            if ending.text.contains("nothing to do") {
                // It had nothing yet, and knows of nothing.
                try process.waitFor(" is up: ")
                try a.down("slow")
            }
            #expect(try process.wait() == 0)
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test(arguments: [WayToEnd.asked, .killedWithKeeper, .killedAlone])
    func `many at once do what one does`(way: WayToEnd) throws {
        try Lab.open { lab in
            let gateway = try lab.gateway()
            let before = try gateway.a.state
            let tunnel = try gateway.a.up(Variety.everything.arguments(gateway))
            if way != .asked { #expect(try way.perform(tunnel)) }
            let downs = try (1...4).map { _ in try gateway.a.start([Host.program, "down", tunnel.name]) }
            for down in downs {
                #expect(try down.wait() == 0, "\(down.text)")
                #expect(!down.text.contains("cannot"), "\(down.text)")
            }
            _ = try tunnel.process.wait()
            #expect(try gateway.a.changes(since: before) == [])
        }
    }

    @Test func `nobody but root may, and the tunnel goes on`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            let ending = try a.host.run([
                "setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "--bounding-set=-all,+dac_read_search",
                "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search", Host.program, "down",
                a.name,
            ])
            #expect(ending.status == 1)
            explains(ending.text)
            #expect(ending.text.contains("root"))
            #expect(!ending.text.contains("kill"))
            #expect(try a.report().state == "up")
            #expect(try a.end() == 0)
        }
    }

    @Test func `a tunnel of the same name in another network namespace is another tunnel`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            #expect(a.name == b.name)
            let before = try b.host.state
            try a.host.down(a.name)
            #expect(try a.process.wait() == 0)
            try a.host.expectNothingToDo(a.name)
            #expect(try b.host.changes(since: before) == [])
            #expect(try b.report().state == "up")
        }
    }
}
