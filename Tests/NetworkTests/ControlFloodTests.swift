// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Clients of the control socket that behave badly, while a tunnel carries packets: neither those nor other clients suffer.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct ControlFloodTests {
    /// Each goes on until it is ended.
    private static let hostile: [(name: String, script: String)] = [
        (
            "connects and says nothing, forty times",
            """
            connections = [connect() for _ in range(40)]
            while True:
                for index, connection in enumerate(connections):
                    if connection.recv(100) == b"": connections[index] = connect()
            """
        ),
        (
            "asks and does not listen",
            """
            connections = []
            while True:
                connections = connections[-30:] + [connect()]
                connections[-1].sendall(b"show\\n")
                select.select(connections, [], [], 0.05)
            """
        ),
        (
            "sends an octet a second",
            """
            while True:
                connections = [connect() for _ in range(16)]
                for octet in b"show\\n":
                    for connection in connections:
                        try: connection.send(bytes([octet]))
                        except OSError: pass
                    select.select(connections, [], [], 1)
            """
        ),
        ("connects in a loop", "while True: connect()"),
        (
            "asks and goes away in a loop",
            """
            while True:
                try: connect().sendall(b"show\\n")
                except OSError: pass
            """
        ),
        (
            "hands over a hundred files in a loop",
            """
            files = [os.open("/dev/null", os.O_RDONLY) for _ in range(100)]
            while True:
                try: hand_over(connect(), b"x", files)
                except OSError: pass
            """
        ),
        (
            "sends long requests in a loop",
            """
            while True:
                try: connect().sendall(bytes(1 << 20))
                except OSError: pass
            """
        ),
    ]

    @Test(arguments: hostile.indices)
    func `whatever a member of the group does, packets pass and others are answered`(number: Int) throws {
        let (name, script) = Self.hostile[number]
        try Lab.open { lab in
            let (a, _) = try lab.tunnel(a: Somebody.options)
            try expectUnharmed(a, while: script, Comment(rawValue: name))
        }
    }

    @Test func `long answers that nobody takes harm nobody`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            _ = try lab.upB(b)
            var text = "[Interface]\nAddress = 10.9.0.1/32\nUser = daemon\n"
            text += "[Peer]\nEndpoint = 192.0.2.2\nAllowedIPs = 10.9.0.2/32\n"
            for number in 0..<2_000 {
                let address = "\(number / 250).\(number % 250 + 1)"
                text += "[Peer]\nEndpoint = 172.16.\(address)\nAllowedIPs = 10.10.\(address)/32\n"
            }
            try a.shell("ip route add 172.16.0.0/16 via 192.0.2.2")
            let tunnel = try a.up([try lab.file("a/many", text)])
            try expectUnharmed(tunnel, while: Self.hostile[1].script)
        }
    }

    /// `make soak` goes on ten times as long.
    private static let pings = Soak.isOn ? 500 : 50

    /// Lets a hostile client go on for a second or more, and sees that pings pass, that others are answered in time, and
    /// that nothing stays behind.
    private func expectUnharmed(
        _ a: Tunnel, while script: String, _ comment: Comment? = nil
    ) throws {
        _ = try a.ask(.root, "show")
        let before = try a.openFiles
        let ping = try a.host.start(["ping", "-n", "-q", "-c", "\(Self.pings)", "-i", "0.03", "-W", "2", "10.9.0.2"])
        let hostile = try a.host.start(try a.client(.member(1234), script))
        while !ping.hasEnded {
            let (text, milliseconds) = try a.ask(.member(1235), "show")
            #expect(text.contains(#""schema":2,"tunnels":[{"#), comment)
            // A debug build on a busy machine takes its time; who waited for the others would wait for ever.
            #expect(milliseconds < 10_000, comment)
        }
        #expect(!hostile.hasEnded, "\(hostile.text)")
        hostile.signal(SIGKILL)
        _ = try hostile.wait()
        #expect(
            ping.text.contains("\(Self.pings) packets transmitted, \(Self.pings) received, 0% packet loss"),
            "\(ping.text)")
        try eventually("all is closed") { try a.openFiles == before }
        #expect(a.process.lines.count { $0.hasPrefix("iptund: ") } < 10, "\(a.process.text)")
    }
}
