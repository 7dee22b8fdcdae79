// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Several pairs of threads that share the flows of one tunnel: nothing is lost between them, and nothing comes twice.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct WorkersTests {
    private static let four = ["--workers", "4"]

    @Test func `packets of every length are each counted once, however short`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(b: Self.four)
            // Payloads of 0 to 27 octets, of nothing sensible and of a packet that was cut off.
            let whole = CraftedPacket("10.9.0.1", "10.9.0.2", 17, [UInt8](repeating: 0, count: 20)).octets
            try a.host.send(
                (0..<28).flatMap { length -> [CraftedPacket] in
                    [.outer([UInt8](repeating: 0x45, count: length)), .outer(Array(whole.prefix(length)))]
                })
            let report = try b.report { $0.decapsulate.received == 56 }
            #expect(report.decapsulate.received == 56)
            #expect(report.workers == 4)
            try b.expectEveryPacketAccountedFor()
        }
    }

    @Test func `a stream and many flows pass, and every packet is accounted for at both ends`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: Self.four, b: Self.four)
            let transfer = try Transfer.start(from: a.host, to: b.host, at: "10.9.0.2")
            let streams = try Stream.run(from: a.host, to: b.host, ["-P", "8", "-n", "40M"])
            #expect(try #require(streams.end.received).bytes >= 30 << 20)
            try transfer.waitForMore(4)
            #expect(try transfer.end().isIntact)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
            #expect(try b.report().decapsulate.delivered >= 30 << 20 / 1480)
        }
    }

    @Test func `datagrams of one flow keep their order`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: Self.four, b: Self.four)
            let numbers = try a.host.datagrams(to: b.host, count: 3_000, size: 64)
            #expect(numbers.count > 300)
            #expect(numbers == numbers.sorted())
            #expect(Set(numbers).count == numbers.count)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `each worker has two threads, and shares the work`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: Self.four, b: Self.four)
            let threads = try a.host.shell("cat /proc/\(a.process.id)/task/*/comm").split(separator: "\n")
            for worker in 0..<4 {
                #expect(threads.contains("encapsulate-\(worker)"))
                #expect(threads.contains("decapsulate-\(worker)"))
            }
            #expect(try a.host.iptund("show").text.contains("\n  workers: 4\n"))
            #expect(try a.host.ping("10.9.0.2") == 3)
            for end in [a, b] { #expect(try end.end() == 0) }
            #expect(try a.host.shell("ip link").contains("iptun0") == false)
        }
    }

    @Test func `ICMP errors are told once, by one of them`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let tunnel = try lab.upA(a, Self.four)
            // Nobody decapsulates there: the kernel answers 3/2.
            #expect(try a.ping("10.9.0.2", count: 1) == 0)
            let report = try tunnel.report { $0.decapsulate.icmp_errors_received > 0 }
            #expect(report.decapsulate.icmp_errors_received == 1)
            #expect(report.encapsulate.dropped == 0)
            _ = b
        }
    }

    @Test(arguments: ["", " multi_queue"]) func `several workers need a new device, and say so`(kind: String) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip tuntap add iptun7 mode tun\(kind)")
            let before = try a.state
            for verb in [["up"], ["up", "--dry-run"]] {
                let arguments = ["--peer", "192.0.2.2", "--device", "iptun7", "--workers", "2"]
                let message = try a.refuses([Host.program] + verb + arguments, status: 1)
                #expect(message.contains("iptun7: exists already, and several workers need one that is new"))
            }
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `nobody else gets a part of the packets`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let arguments = ["--peer", "192.0.2.2", "--device", "iptun7", "--workers", "2"]
            let first = try a.up(arguments + ["--runtime-directory", "\(lab.directory)/1"])
            #expect(first.echoes.contains("[#] ip tuntap add mode tun dev iptun7 multi_queue"))
            _ = try a.refuses(
                [
                    Host.program, "up", "--accept-from", "any", "--only", "decapsulate", "--device", "iptun7",
                    "--workers", "2",
                ]
                    + ["--runtime-directory", "\(lab.directory)/2"], status: 1)
        }
    }
}
