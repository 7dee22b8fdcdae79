// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// A tunnel that stands still (SIGSTOP, as a debugger or a full disk would have it), whose queue of askers is full: commands
/// about it end in time, and commands about others are not held up. (What others saw: a command line that hangs with its
/// daemon, sonic-net/sonic-buildimage#3358, strongswan/strongswan#566.)
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct StoppedTunnelTests {
    /// Fills the queue of a stopped daemon.
    private func stop(_ tunnel: Tunnel) throws -> [Running] {
        tunnel.process.signal(SIGSTOP)
        let path = "/run/iptund/\(tunnel.name)@\(try tunnel.host.inode)/control.sock"
        let script = """
            import socket, time
            waiting = []
            while len(waiting) < 17:
                one = socket.socket(socket.AF_UNIX)
                one.connect("\(path)")
                one.sendall(b"show\\n")
                waiting.append(one)
            print("full", flush=True)
            time.sleep(1000)
            """
        let crowd = try tunnel.host.start(["/usr/bin/python3", "-c", script])
        try crowd.waitFor("full")
        return [crowd]
    }

    /// What a command comes to, and how long it takes, milliseconds.
    private func timed(_ host: Host, _ words: String...) throws -> (status: Int32, text: String, milliseconds: UInt64) {
        let start = Clock.milliseconds
        let ending = try host.run([Host.program] + words)
        return (ending.status, ending.text, Clock.milliseconds - start)
    }

    @Test func `nothing waits for it for long, and it is named`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            _ = try stop(a)
            defer { a.process.signal(SIGCONT) }
            let limit: UInt64 = 8_000  // two seconds, and a machine that has other things to do
            for words in [["show", a.name], ["status", a.name], ["ping", a.name, "192.0.2.2"]] {
                let start = Clock.milliseconds
                let ending = try a.host.run([Host.program] + words)
                #expect(ending.status == 1 && Clock.milliseconds - start < limit, "\(words): \(ending.text)")
                #expect(ending.text.contains("tunnel \(a.name) does not answer"), "\(ending.text)")
            }
            let all = try timed(a.host, "show")
            #expect(all.milliseconds < limit && all.text.contains("tunnel \(a.name) does not answer"))
            let metrics = try timed(a.host, "metrics")
            #expect(metrics.milliseconds < limit)
            #expect(metrics.status == 3, "an incomplete answer is no success: \(metrics.text)")
            #expect(metrics.text.contains("iptund_tunnel_readable{tunnel=\"\(a.name)\"} 0"))
            let doctor = try timed(a.host, "doctor", a.name)
            #expect(doctor.milliseconds < 20_000 && doctor.status == 1, "\(doctor.text)")
            let down = try timed(a.host, "down", a.name)
            #expect(down.milliseconds < limit && down.status == 1)
            explains(down.text)
        }
    }

    /// What may answer in place of a tunnel that is dead.
    private static let impostors = [
        ("says nothing", "time.sleep(600)"),
        ("an octet now and then", "[(one.sendall(b' '), time.sleep(1)) for _ in range(600)]"),
        ("zeros without an end", "while True: one.sendall(bytes(65536))"),
        ("forbids it", #"one.sendall(b'{"code":"forbidden","error":"no \x1b[2J","schema":2}\n'); one.close()"#),
    ]

    @Test(arguments: impostors.indices)
    func `whoever answers in place of a dead tunnel keeps nobody from clearing up after it`(number: Int) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            let tunnel = try lab.upA(a, ["--allowed-ips", "10.9.0.2/32", "--kill-switch"])
            for process in [try tunnel.keeper, tunnel.process.id] { kill(process, SIGKILL) }
            _ = try tunnel.process.wait()
            let path = "/run/iptund/\(tunnel.name)@\(try a.inode)/control.sock"
            let script = """
                import os, socket, time
                os.unlink("\(path)")
                listener = socket.socket(socket.AF_UNIX)
                listener.bind("\(path)")
                listener.listen()
                print("ready", flush=True)
                while True:
                    one = listener.accept()[0]
                    try:
                        \(Self.impostors[number].1)
                    except OSError: pass
                """
            let impostor = try a.start(["/usr/bin/python3", "-c", script])
            try impostor.waitFor("ready")
            let down = try timed(a, "down", tunnel.name)
            #expect(down.status == 0 && down.milliseconds < 10_000, "\(down.text)")
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `other tunnels come up, change and go as if it were not there`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            _ = try stop(a)
            defer { a.process.signal(SIGCONT) }
            let file = "[Interface]\nAddress = 10.9.5.1/32\n[Peer]\nEndpoint = 192.0.2.9\nAllowedIPs = 10.9.5.2/32\n"
            let path = try lab.file("a/other", file)
            let start = Clock.milliseconds
            let other = try a.host.up([path])
            #expect(Clock.milliseconds - start < 10_000)
            // It has written down what it takes: nobody needs to ask.
            #expect(!other.process.text.contains(a.name))
            _ = try lab.file("a/other", file + "[Peer]\nEndpoint = 192.0.2.8\nAllowedIPs = 10.9.5.3/32\n")
            let reload = try timed(a.host, "reload", "other")
            #expect(reload.status == 0 && reload.milliseconds < 10_000, "\(reload.text)")
            #expect(reload.text.contains("other: 1 peers added"))
            let show = try timed(a.host, "show", "other")
            #expect(show.status == 0 && show.milliseconds < 6_000 && !show.text.contains(a.name))
            let doctor = try timed(a.host, "doctor", "other")
            #expect(doctor.milliseconds < 20_000)
            let down = try timed(a.host, "down", "other")
            #expect(down.status == 0 && down.milliseconds < 10_000)
        }
    }
}
