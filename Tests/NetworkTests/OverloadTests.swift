// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// More arrives than a stopped daemon takes: nobody is told a lie about it, and every lost packet has been counted.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct OverloadTests {
    @Test func `a full receive buffer draws no ICMP error, and its losses are counted as the kernel does`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            try b.host.shell("echo 0 > /proc/sys/net/ipv4/icmp_ratelimit")
            try a.host.startCounting("ip protocol icmp")
            let before = try b.host.kernelCounter("Icmp", "OutDestUnreachs")
            b.process.signal(SIGSTOP)
            try a.host.floodOuter(20_000)
            // Who sent them was told that all went well, and the kernel behind the full buffer says nothing.
            #expect(try b.host.rawSocketDrops() > 1_000)
            #expect(try b.host.kernelCounter("Icmp", "OutDestUnreachs") == before)
            b.process.signal(SIGCONT)
            let report = try b.report { $0.decapsulate.received + $0.kernel_losses.socket == 20_000 }
            #expect(report.decapsulate.received + report.kernel_losses.socket == 20_000)
            #expect(try b.host.rawSocketDrops() == report.kernel_losses.socket)
            #expect(report.kernel_losses.socket > 1_000)
            try b.expectEveryPacketAccountedFor()
            #expect(try b.host.kernelCounter("Icmp", "OutDestUnreachs") == before)
            #expect(try a.host.counted() == 0)
            #expect(try a.report().decapsulate.icmp_errors_received == 0)
            #expect(try a.host.ping("10.9.0.2") == 3)
        }
    }

    @Test func `a full device queue is counted as the device does`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            let queue = try #require(try a.host.link("iptun0", "qlen").flatMap { Int($0) })
            a.process.signal(SIGSTOP)
            try a.host.flood("10.9.0.2", queue + 700)
            #expect(try a.host.deviceDrops() >= 600)
            a.process.signal(SIGCONT)
            let report = try a.report { $0.encapsulate.received + $0.kernel_losses.device == queue + 700 }
            #expect(report.encapsulate.received + report.kernel_losses.device == queue + 700)
            #expect(report.kernel_losses.device == (try a.host.deviceDrops()))
            try a.expectEveryPacketAccountedFor()
            #expect(try a.host.ping("10.9.0.2") == 3)
        }
    }
}

extension Host {
    /// Sends `count` outer packets from the left host of a pair to the right one, as fast as it can: the inner packet is a
    /// datagram to a closed port of a group, so that no ICMP error is due for it.
    fileprivate func floodOuter(_ count: Int) throws {
        let packet = CraftedPacket.outer(CraftedPacket.datagram("10.9.0.1", "239.1.2.3", port: 9).octets)
        try send(Array(repeating: packet, count: count))
    }

    /// What the kernel says that raw sockets for protocol 4 lost: the last column of /proc/net/raw.
    fileprivate func rawSocketDrops() throws -> Int {
        // "  4: 00000000:0004 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 26135 2 … 0"
        let sockets = try shell("cat /proc/net/raw").split(separator: "\n").filter {
            $0.contains(":0004 00000000:0000")
        }
        return try sockets.reduce(0) { $0 + (try #require($1.split(separator: " ").last.flatMap { Int($0) })) }
    }

    /// What `ip -s link` says that the tunnel device lost on the way to the daemon.
    fileprivate func deviceDrops() throws -> Int {
        // "TX:  bytes packets errors dropped carrier collsns", and the numbers in the line below.
        let lines = try shell("ip -s link show iptun0").split(separator: "\n")
        let titles = try #require(lines.lastIndex { $0.contains("TX:") })
        return try #require(Int(lines[titles + 1].split(separator: " ")[3]))
    }
}
