// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// UDP datagrams that a program hands to the kernel as one (UDP_SEGMENT), and datagrams that we merge on their way in.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct DatagramTests {
    @Test func `datagrams that were sent as one arrive one by one`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            let numbers = try a.host.datagrams(to: b.host, count: 400, size: 1_000, atOnce: 40)
            #expect(numbers == Array(0..<400))
            let report = try a.report { $0.encapsulate.outer_packets >= 400 }
            #expect(report.encapsulate.gso_packets == 10)
            #expect(report.encapsulate.outer_packets >= 400)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `datagrams that come one by one are merged for the kernel, and arrive one by one`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            // What waits while the daemon is stopped comes in one batch.
            b.process.signal(SIGSTOP)
            let receiver = try b.host.datagramReceiver(count: 200)
            try a.host.sendDatagrams(count: 200, size: 200, atOnce: 1)
            b.process.signal(SIGCONT)
            #expect(try receiver() == Array(0..<200))
            let report = try b.report { $0.decapsulate.delivered >= 200 }
            #expect(report.decapsulate.coalesced > 0)
            try b.expectEveryPacketAccountedFor()
        }
    }

    @Test func `where each is too long for the path, they are taken apart and cut into fragments`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: ["--mtu", "1480"], b: ["--mtu", "1480"])
            // The device still takes 1480, the link under it 1420 and no more.
            for end in [a, b] { try end.host.shell("ip link set eth0 mtu 1420") }
            _ = try a.report { $0.peers.first?.path_mtu == 1420 }
            let numbers = try a.host.datagrams(to: b.host, count: 100, size: 1_440, atOnce: 20, mayFragment: true)
            #expect(numbers == Array(0..<100))
            let report = try a.report { $0.encapsulate.fragmented >= 100 }
            #expect(report.encapsulate.fragmented >= 100)
            #expect(report.encapsulateDrops.isEmpty)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `what follows datagrams that are taken apart does not overtake them`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: ["--mtu", "1480"], b: ["--mtu", "1480"])
            for end in [a, b] { try end.host.shell("ip link set eth0 mtu 1420") }
            _ = try a.report { $0.peers.first?.path_mtu == 1420 }
            // What waits while the daemon is stopped comes in one batch, if it may.
            a.process.signal(SIGSTOP)
            let receive = try b.host.datagramReceiver(count: 60)
            try a.host.sendDatagrams(count: 60, size: 1_440, atOnce: 6, mayFragment: true, alone: 5)
            a.process.signal(SIGCONT)
            #expect(try receive() == Array(0..<60))
        }
    }
}

extension Host {
    /// Sends numbered datagrams from here, the left end of a tunnel, to the right end.
    /// - Returns: the numbers in the order in which they arrived; of datagrams whose octets are not right, -1.
    func datagrams(
        to right: Host, count: Int, size: Int, atOnce: Int = 1, mayFragment: Bool = false
    ) throws -> [Int] {
        let receive = try right.datagramReceiver(count: count)
        try sendDatagrams(count: count, size: size, atOnce: atOnce, mayFragment: mayFragment)
        return try receive()
    }

    /// Starts to receive; the result waits for `count` datagrams, or until none has come for five seconds.
    func datagramReceiver(count: Int) throws -> () throws -> [Int] {
        let receiver = try start(["/usr/bin/python3", "-u", "-c", Self.receiving, "\(count)"])
        try receiver.waitFor("listening")
        return {
            let status = try receiver.wait()
            #expect(status == 0, "\(receiver.text)")
            return receiver.lines.dropFirst().compactMap { Int($0) }
        }
    }

    /// Sends numbered datagrams of `size` octets to 10.9.0.2, several in one call; of so many, the one that is `alone` goes
    /// by a call of its own.
    func sendDatagrams(
        count: Int, size: Int, atOnce: Int, mayFragment: Bool = false, alone: Int? = nil
    ) throws {
        let ending = try run([
            "/usr/bin/python3", "-c",
            """
            import socket
            wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            wire.setsockopt(socket.IPPROTO_IP, 10, \(mayFragment ? 0 : 2))  # IP_MTU_DISCOVER: never, or always
            if \(atOnce) > 1: wire.setsockopt(socket.IPPROTO_UDP, 103, \(size))  # UDP_SEGMENT
            wire.connect(("10.9.0.2", 7100))
            def datagram(number): return number.to_bytes(4, "big") + bytes([number % 251]) * (\(size) - 4)
            for first in range(0, \(count), \(atOnce)):
                numbers = range(first, first + \(alone ?? atOnce))
                wire.send(b"".join(datagram(number) for number in numbers))
                for number in range(first + \(alone ?? atOnce), first + \(atOnce)): wire.send(datagram(number))
            """,
        ])
        #expect(ending.status == 0, "\(ending.text)")
    }

    private static let receiving = """
        import socket, sys
        wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        wire.setsockopt(socket.SOL_SOCKET, 33, 1 << 23)  # SO_RCVBUFFORCE
        wire.bind(("10.9.0.2", 7100))
        wire.settimeout(20)
        print("listening")
        seen = 0
        try:
            while seen < int(sys.argv[1]):
                octets = wire.recv(65536)
                wire.settimeout(5)
                number, seen = int.from_bytes(octets[:4], "big"), seen + 1
                print(number if octets[4:] == bytes([number % 251]) * (len(octets) - 4) else -1)
        except TimeoutError: pass
        """
}
