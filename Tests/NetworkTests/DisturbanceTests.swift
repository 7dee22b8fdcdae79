// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// A tunnel under load on a host where something is removed or changed all the time.
///
/// ```
///   10.9.0.1  mine ···················································· iptun0  10.9.0.2
///                   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct DisturbanceTests {
    /// One a second; `make soak` makes it ten minutes.
    private static let count = Soak.isOn ? 600 : 12

    private static let disturbances = [
        "ip rule | awk '/proto 203/ { print $1 }' | tr -d : | while read p; do ip rule delete pref $p; done",
        "ip rule delete pref 29001", "ip route flush table 1994000", "ip route flush table all proto 203",
        "ip link set mine down", "ip link set mine down; ip link set mine up", "ip address flush dev mine",
        "ip link set mine mtu 1400", "echo 1 > /proc/sys/net/ipv4/conf/mine/rp_filter",
        "echo 1 > /proc/sys/net/ipv4/conf/mine/send_redirects; echo 1 > /proc/sys/net/ipv4/conf/mine/accept_local",
        "ip link set mine name yours", "ip route replace 10.9.0.2/32 dev eth0; ip route delete 10.9.0.2/32 dev eth0",
        "ip link set eth0 down; ip link set eth0 up", "nft flush ruleset", "nft delete table ip iptund-mine",
        "ip route flush table all proto 203; nft flush ruleset",
    ]

    @Test func `each is mended within a second, and nothing grows`() throws {
        try Lab.open(within: UInt64(Self.count) * 1_000 + TimeLimit.milliseconds) { lab in
            let (a, b) = try lab.pair()
            let before = (try a.state, try b.state)
            let tunnel = try a.up(
                "--device", "mine", "--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips",
                "10.9.0.2/32,192.0.0.0/16", "--kill-switch")
            let other = try lab.upB(b)
            #expect(try a.ping("10.9.0.2") == 3)
            let session = try Session(at: a, from: b)
            let keeper = try tunnel.keeper
            let receiver = try b.start(["/usr/bin/python3", "-u", "-c", Self.receiving])
            try receiver.waitFor("listening")
            let sender = try a.start(["/usr/bin/python3", "-u", "-c", Self.sending, "\(Self.count + 3)"])
            var random = SystemRandomNumberGenerator()
            var (start, first) = (Clock.milliseconds, 0)
            var done: [String] = []
            for number in 1...Self.count {
                let script = try #require(Self.disturbances.randomElement(using: &random))
                try a.shell(script)
                done.append(script)
                if number == min(30, Self.count / 2) { first = try Self.memory(keeper) }
                // The pace is what is tested, not a wait for something.
                try eventually("it is time for the next one") { Clock.milliseconds >= start + 1_000 }
                start += 1_000
                if number % 60 == 0 { print("\(number) disturbances, \(try tunnel.report().repairs) repairs") }
            }
            #expect(try sender.wait() == 0, "\(sender.text)")
            try receiver.waitFor("longest gap")
            let words = try #require(receiver.lines.last).split(separator: " ")
            let (gap, arrived) = (try #require(Int(words[2])), try #require(Int(words[4])))
            print("\(Self.count) disturbances: \(receiver.lines.last ?? ""), \(sender.lines.last ?? "")")
            #expect(gap <= 1_000, "\(done)")
            #expect(arrived > 0)
            try session.end()
            let report = try tunnel.report { $0.state == "up" }
            #expect(report.state == "up", "\(report.problem ?? "") \(done)")
            #expect(report.repairs >= Self.count / 2)
            try tunnel.expectEveryPacketAccountedFor()
            #expect(try Self.memory(keeper) <= first * 5 / 4 + 1_024)
            #expect(try Files.entries("/proc/\(keeper)/fd").count < 16)
            #expect(try tunnel.end(SIGINT) == 0)
            #expect(try other.end() == 0)
            #expect(try a.changes(since: before.0) == [])
        }
    }

    /// An SSH-like session from the LAN, whose lines are echoed (MichaIng/DietPi#4447: a kill switch that locks its owner out).
    private struct Session {
        let server: Running, client: Running

        init(at host: Host, from other: Host) throws {
            server = try host.start(["/usr/bin/python3", "-u", "-c", Self.serving])
            try server.waitFor("listening")
            client = try other.start(["/usr/bin/python3", "-u", "-c", Self.talking])
            try client.waitFor("talking")
        }

        /// Ends it, which has been the same connection all the time.
        func end() throws {
            client.signal(SIGTERM)
            #expect(try client.wait() == 0, "\(client.text)")
            #expect(client.text.contains("the last line was echoed"), "\(client.text)")
        }

        private static let serving = """
            import socket
            listener = socket.socket()
            listener.bind(("192.0.2.1", 2222))
            listener.listen()
            print("listening")
            one = listener.accept()[0]
            while data := one.recv(100): one.sendall(data)
            """
        private static let talking = """
            import signal, socket, time
            stop = []
            signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
            s = socket.create_connection(("192.0.2.1", 2222))
            s.settimeout(20)
            print("talking")
            number = 0
            while not stop:
                line = b"%d\\n" % number
                s.sendall(line)
                back = b""
                while len(back) < len(line):
                    data = s.recv(100)
                    if not data: raise SystemExit("the connection was closed")
                    back += data
                number += 1
                time.sleep(0.05)
            print("the last line was echoed, of", number)
            """
    }

    /// What a process has in memory, KiB.
    private static func memory(_ process: Int32) throws -> Int {
        let status = try Files.read("/proc/\(process)/status").split(separator: "\n")
        let line = try #require(status.first { $0.hasPrefix("VmRSS:") })
        return try #require(Int(line.filter(\.isNumber)))
    }

    /// 100 Mbit/s of datagrams with a number each, for so many seconds; what cannot be sent now is lost.
    private static let sending = """
        import socket, struct, sys, time
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        start = time.monotonic()
        end, number, failed = start + int(sys.argv[1]), 0, 0
        while (now := time.monotonic()) < end:
            while number < (now - start) * 9600:
                try:
                    s.sendto(struct.pack("!Q", number) + bytes(1292), ("10.9.0.2", 9000))
                except OSError:
                    failed += 1
                number += 1
            time.sleep(0.002)
        for _ in range(20):
            try:
                s.sendto(b"end", ("10.9.0.2", 9000))
            except OSError:
                pass
            time.sleep(0.05)
        print("sent", number, "failed", failed)
        """

    private static let receiving = """
        import socket, time
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        s.bind(("10.9.0.2", 9000))
        print("listening")
        last, gap, count = None, 0, 0
        while (data := s.recv(2000)) != b"end":
            now = time.monotonic()
            gap, last, count = max(gap, now - (last or now)), now, count + 1
        print("longest gap", int(gap * 1000), "arrived", count)
        """
}
