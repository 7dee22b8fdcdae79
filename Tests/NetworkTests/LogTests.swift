// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What others can make a tunnel write into its log, and into the line that `systemctl status` shows.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct LogTests {
    private static let data = [UInt8](repeating: 0, count: 40)
    /// From an inner source that is not the peer's.
    private static let spoofed = CraftedPacket("10.66.6.6", "10.9.0.2", 0, data)

    @Test func `a stranger who floods makes one line, and a peer who spoofs one for each reason`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let tunnel = try b.up(
                "--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            try a.shell("ip address add 192.0.2.77/24 dev eth0")
            let inner = CraftedPacket("10.9.0.1", "10.9.0.2", 0, Self.data).octets
            let stranger = CraftedPacket.outer("192.0.2.77", "192.0.2.2", inner)
            let malformed = CraftedPacket.outer("192.0.2.77", "192.0.2.2", [0x78])
            let flood =
                Array(repeating: stranger, count: 300) + Array(repeating: malformed, count: 30)
                + Array(repeating: CraftedPacket.outer(Self.spoofed.octets), count: 300)
                + Array(repeating: CraftedPacket.outer([0x45]), count: 300)
            for round in 1...3 {
                try a.send(flood)
                let report = try tunnel.report { $0.decapsulate.dropped == round * 930 }
                #expect(report.decapsulate.dropped == round * 930)
            }
            let lines = tunnel.process.lines.filter { $0.contains(" are dropped: ") }
            #expect(
                lines.count { $0.contains("packets from a stranger are dropped: from an address that is no peer") } == 1
            )
            for drop in ["inner-source", "truncated"] {
                let own = lines.filter {
                    $0.contains("packets from a peer are dropped: ") && $0.contains(" drop=\(drop) ")
                }
                #expect(own.count == 1 && own.hasOnly { $0.contains(" peer=192.0.2.1 ") }, "\(own)")
            }
            #expect(lines.count == 3, "\(lines)")
        }
    }

    @Test func `a link that flaps makes few lines, and the last one is true`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let file =
                "[Interface]\nAddress = 10.9.0.1/32\n[Peer]\nName = other\nEndpoint = 192.0.2.2\nAllowedIPs = 10.9.0.2/32\n"
            let tunnel = try a.up([try lab.file("a/up", file)])
            for _ in 1...12 {
                try a.shell("ip link set eth0 down")
                try waitForProblem(of: a, isThere: true)
                try a.shell("ip link set eth0 up; ip address replace 192.0.2.1/24 dev eth0")
                try waitForProblem(of: a, isThere: false)
            }
            let lines = tunnel.process.lines.filter { $0.hasPrefix("iptund: ") }
            #expect(lines.count { $0.contains("a peer is not reached: ") } == 3)
            #expect(lines.count { $0.contains("a peer can be reached now") } == 3)
            #expect(lines.last { $0.contains(" peer=other ") }?.contains("can be reached now") == true)
            #expect(lines.count < 20, "\(lines)")
        }
    }

    @Test func `what is dropped is said within seconds, though nobody asks, and a quiet tunnel does not wake up`()
        throws
    {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let tunnel = try b.up(
                "--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            try a.shell("ip address add 192.0.2.77/24 dev eth0")
            try a.send([.outer("192.0.2.77", "192.0.2.2", Self.data)])
            try tunnel.process.waitFor(
                "packets from a stranger are dropped", "drop=not-peer", "count=1", "address=192.0.2.77")
            try a.send([.outer(Self.spoofed.octets)])
            try tunnel.process.waitFor("packets from a peer are dropped", "drop=inner-source", "peer=192.0.2.1")
            // It looks once more, then there is nothing to do for a long time.
            var (last, since) = ("", Clock.milliseconds)
            try eventually("it sleeps for two seconds") {
                let now = try switches(tunnel)
                if now != last { (last, since) = (now, Clock.milliseconds) }
                return Clock.milliseconds - since > 2_000
            }
        }
    }

    /// How often the main thread went to sleep so far, and how many hundredths of a second it has worked: one that never
    /// sleeps works all the time.
    private func switches(_ tunnel: Tunnel) throws -> String {
        let task = "/proc/\(tunnel.process.id)/task/\(tunnel.process.id)"
        let sleeps = try Files.read("\(task)/status").split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt") }
        // The 14th and 15th field of proc(5), counted from behind the name.
        let fields = try Files.read("\(task)/stat").split(separator: ")").last?.split(separator: " ") ?? []
        return "\(sleeps ?? "") \(fields[11]) \(fields[12])"
    }

    /// A pipe that is full, as behind a program that hangs.
    @Test func `who does not read the log holds nobody up: neither an answer nor the end`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let before = try b.state
            let ending = try b.run([
                "/usr/bin/python3", "-c",
                """
                import fcntl, os, signal, subprocess, sys
                reading, writing = os.pipe()
                fcntl.fcntl(writing, 1031, 4096)
                tunnel = subprocess.Popen(sys.argv[1:], stderr=writing)
                said = b""
                while b" is up: " not in said: said += os.read(reading, 4096)
                # The other end of it is the same open file, so it waits for nobody while it is filled alone.
                os.set_blocking(writing, False)
                try:
                    while True: os.write(writing, b"x")
                except BlockingIOError: os.set_blocking(writing, True)
                subprocess.run(["ip", "address", "add", "192.0.2.9/24", "dev", "eth0"], check=True)
                shown = subprocess.run([sys.argv[1], "show"], stdout=subprocess.DEVNULL, timeout=10).returncode
                tunnel.send_signal(signal.SIGTERM)
                print(shown, tunnel.wait(timeout=10))
                """,
                Host.program, "up", "--peer", "192.0.2.1", "--local", "192.0.2.2", "--address", "10.9.0.2/32",
            ])
            #expect(ending.text == "0 0\n")
            try b.shell("ip address delete 192.0.2.9/24 dev eth0")
            try eventually("all is taken back") { try b.changes(since: before) == [] }
            _ = a
        }
    }

    @Test func `a standard error that is closed is none, and nobody else gets its number`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let words = ["--peer", "192.0.2.2", "--address", "10.9.0.1/32"]
            let process = try a.start(["sh", "-c", #"exec 2>&- "$@""#, "sh", Host.program, "up"] + words)
            try eventually("it is up") { try a.iptund("status", "iptun0").status == 0 }
            #expect(Files.linkTarget("/proc/\(process.id)/fd/2") == "/dev/null")
        }
    }

    private func waitForProblem(of host: Host, isThere: Bool) throws {
        try eventually("the peer's problem is there: \(isThere)") {
            try host.iptund("show").text.contains("problem: ") == isThere
        }
    }

    @Test func `status has what was dropped, and is not sent more often than every few seconds`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let socket = "\(lab.directory)/notify"
            let listener = try b.start([
                "/usr/bin/python3", "-uc",
                "import socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print('ready')\n"
                    + "while True: print(s.recv(4096).decode())", socket,
            ])
            try listener.waitFor("ready")
            let tunnel = try b.up(
                ["--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32"],
                through: ["env", "NOTIFY_SOCKET=\(socket)"])
            try listener.waitFor("READY=1")
            let start = Clock.milliseconds
            for round in 1...5 {
                try a.send([.outer(Self.spoofed.octets), .outer(Self.spoofed.octets)])
                let report = try tunnel.report { $0.decapsulate.dropped == round * 2 }
                #expect(report.decapsulate.dropped == round * 2)
            }
            try listener.waitFor("STATUS=192.0.2.2 to 192.0.2.1; 10 dropped (inner-source 10)")
            let seconds = (Clock.milliseconds - start) / 1_000
            #expect(listener.lines.count { $0.hasPrefix("STATUS=") } <= 2 + Int(seconds) / 5, "\(listener.text)")
        }
    }
}
