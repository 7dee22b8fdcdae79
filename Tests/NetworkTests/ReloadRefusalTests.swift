// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// A reload that cannot be made leaves everything as it was.
///
/// ```
///   10.9.0.1  rel ·················································· iptun0  10.9.0.2
///               a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct ReloadRefusalTests {
    /// The part of a report that only a reload changes.
    private func configuration(_ tunnel: Tunnel) throws -> [String] {
        let report = try tunnel.report()
        return ["\(report.mtu) \(report.local)"] + report.peers.map { "\($0.endpoint ?? "") \($0.allowed_ips)" }
    }

    private func expectUnchanged(
        _ a: Reloadable, since before: (state: [String], configuration: [String]), _ comment: Comment? = nil
    ) throws {
        #expect(try a.host.changes(since: before.state) == [], comment)
        #expect(try configuration(a.tunnel) == before.configuration, comment)
    }

    private static let peer = "[Peer]\nEndpoint = 192.0.2.2\nAllowedIPs = 10.9.0.2/32\n"

    @Test(
        arguments: [
            ("[Interface\n" + peer, 2), ("[Interface]\nMUT = 1400\n" + peer, 2), ("", 2),
            (peer + "[Peer]\nEndpoint = 192.0.2.3\nAllowedIPs = 10.9.0.2/32\n", 2),
            ("[Interface]\nDevice = other\n" + peer, 1), ("[Interface]\nWorkers = 2\n" + peer, 1),
            ("[Peer]\nEndpoint = 192.0.2.1\nAllowedIPs = 10.9.0.2/32\n", 1),
        ] as [(String, Int32)])
    func `a bad file changes nothing, and the tunnel goes on`(text: String, status: Int32) throws {
        try Lab.open { lab in
            let (host, b) = try lab.pair()
            let a = try Reloadable(host)
            _ = try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            let before = (state: try a.host.state, configuration: try configuration(a.tunnel))
            _ = try lab.file("a/rel", text)
            explains(try host.refuses([Host.program, "reload", "rel"], status: status))
            try expectUnchanged(a, since: before)
            #expect(try host.ping("10.9.0.2") == 3)
        }
    }

    @Test func `a tunnel that was started by flags, one that is not up, and a user without privilege are refused`()
        throws
    {
        try Lab.open { lab in
            let (host, _) = try lab.pair()
            let a = try Reloadable(host)
            _ = try host.up("--peer", "192.0.2.3", "--device", "flags")
            let flags = try host.refuses([Host.program, "reload", "flags"], status: 1)
            #expect(flags.contains("was started without a file"))
            let absent = try host.refuses([Host.program, "reload", "absent"], status: 1)
            #expect(absent.contains("is not up here"))
            _ = try Reloadable.write(host, Reloadable.interface, [3], "10.9.0.2/32")
            let before = (state: try a.host.state, configuration: try configuration(a.tunnel))
            let user = try host.refuses(
                [
                    "setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "--inh-caps=-all,+dac_read_search",
                    "--ambient-caps=-all,+dac_read_search", Host.program, "reload", "rel",
                ], status: 1)
            for message in [flags, absent, user] { explains(message) }
            try expectUnchanged(a, since: before)
        }
    }

    @Test func `wherever the command fails, everything is as before`() throws {
        try Lab.open { lab in
            let (host, _) = try lab.pair()
            let a = try Reloadable(host)
            let before = (state: try a.host.state, configuration: try configuration(a.tunnel))
            var failures = 0
            for number in 1...200 {
                _ = try Reloadable.write(host, ["Address = 10.9.0.11/32", "MTU = 1300"], [3], "10.9.7.0/24")
                guard let ending = try reload(host, failingAtRequest: number) else { break }
                if ending.status == 0 { _ = try a.reload() } else { failures += 1 }
                try expectUnchanged(a, since: before, "request \(number): \(ending.text)")
            }
            #expect(failures >= 3)
        }
    }

    /// Whichever of its messages to the kernel fails, of asking, making or taking back: what is not done yet is on the list, and
    /// done a second later.
    @Test(.enabled(if: Intruder.isPossible))
    func `wherever the keeper fails, it is done a little later, or not at all`() throws {
        try Lab.open { lab in
            let (host, _) = try lab.pair()
            let first = try host.state
            let a = try Reloadable(host)
            let before = (state: try a.host.state, configuration: try configuration(a.tunnel))
            var outcomes: [Int32: Int] = [:]
            for number in 1...200 {
                _ = try Reloadable.write(host, ["Address = 10.9.0.11/32", "MTU = 1300"], [3], "10.9.7.0/24")
                let tool = try host.start([Intruder.tool, "fail", "\(try a.tunnel.keeper)", "46", "\(number)"])
                try tool.waitFor("ready")
                let ending = try host.iptund("reload", "rel")
                let isHit = tool.text.contains("hit")
                tool.signal(SIGKILL)
                guard isHit else { break }
                outcomes[ending.status, default: 0] += 1
                let isDone = try configuration(a.tunnel) != before.configuration
                if isDone {
                    try eventually("it is complete, and nothing old is left, after message \(number)", within: 5) {
                        let routes = try host.routes.filter { $0.contains("proto 203") }
                        return routes
                            == ["10.9.0.3", "10.9.7.0/24"].map { "\($0) dev rel proto 203 scope link src 10.9.0.11" }
                    }
                    _ = try a.reload()
                }
                try eventually("everything is as before, after message \(number): \(ending.text)", within: 5) {
                    try a.host.changes(since: before.state) == []
                }
                try expectUnchanged(a, since: before, "message \(number): \(ending.text)")
            }
            #expect(outcomes.values.reduce(0, +) > 15, "\(outcomes)")
            #expect(outcomes[1] ?? 0 > 5, "\(outcomes)")
            #expect(try a.tunnel.end() == 0)
            #expect(try host.changes(since: first) == [])
        }
    }

    /// Reloads, while the kernel refuses the request of this number; `nil` when there are not so many.
    private func reload(_ host: Host, failingAtRequest number: Int) throws -> ChildProcess.Ending? {
        let calls = "\(host.lab.directory)/calls"
        let ending = try host.run([
            "strace", "-qq", "-o", calls, "-e", "trace=sendmsg", "-e", "inject=sendmsg:error=ENOBUFS:when=\(number)",
            Host.program, "reload", "rel",
        ])
        return try Files.read(calls).contains("(INJECTED)") ? ending : nil
    }

    /// With ten thousand peers on a busy machine it takes as long.
    @Test func `a tunnel that takes more than two seconds for a reload is waited for`() throws {
        try Lab.open { lab in
            let (host, _) = try lab.pair()
            let a = try Reloadable(host)
            _ = try Reloadable.write(host, Reloadable.interface, [3], "10.9.0.2/32")
            a.tunnel.process.signal(SIGSTOP)
            defer { a.tunnel.process.signal(SIGCONT) }
            let reload = try host.start([Host.program, "reload", "rel"])
            try eventually("the route is made") { try host.shell("ip route show proto 203").contains("10.9.0.3") }
            let start = Clock.milliseconds
            try eventually("it has waited") { reload.hasEnded || Clock.milliseconds - start > 2_500 }
            #expect(!reload.hasEnded)
            a.tunnel.process.signal(SIGCONT)
            #expect(try reload.wait() == 0, "\(reload.text)")
            #expect(try a.sent(when: [0, 0]) == [0, 0])
        }
    }

    @Test func `a tunnel that is killed while it is reloaded leaves nothing after down`() throws {
        try Lab.open { lab in
            let (host, _) = try lab.pair()
            let before = try host.state
            let a = try Reloadable(host)
            _ = try Reloadable.write(host, ["Address = 10.9.0.11/32", "MTU = 1300"], [3, 4], "192.0.2.0/25")
            let state = "/run/iptund/\(try #require(try host.runtimeDirectories.first))/state.json"
            let reload = try host.start([
                "strace", "-qq", "-o", "/dev/null", "-e", "trace=sendmsg", "-e", "inject=sendmsg:delay_enter=20000",
                Host.program, "reload", "rel",
            ])
            try eventually("the reload has written down what it will do") {
                try Files.read(state).contains("10.9.0.11")
            }
            let keeper = try a.tunnel.keeper
            #expect(try a.tunnel.end(SIGKILL) == 128 + SIGKILL)
            #expect(try reload.wait() != 0)
            try eventually("the keeper is done") { Running.isGone(keeper) }
            #expect(try host.iptund("down", "rel").status == 0)
            #expect(try host.changes(since: before) == [])
        }
    }
}
