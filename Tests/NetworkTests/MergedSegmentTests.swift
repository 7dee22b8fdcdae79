// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What network cards do to a tunnel's TCP on reception: segments come merged, with their checksum unfinished.
///
/// ```
///   a ──── eth0 (no segmentation offload) ═══ eth0 (GRO on) ──── b
/// ```
@Suite(.needsRoot)
struct MergedSegmentTests {
    @Test func `TCP that the kernel merged inside of outer packets arrives intact`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            try merge(from: a.host, to: b.host)
            let stream = try Stream.run(from: a.host, to: b.host, ["-n", "50M"])
            #expect(try #require(stream.end.received).bytes > 40 << 20)
            let received = try #require(try b.report().peers.first).received
            // No single packet is longer than the MTU: on average these were.
            #expect(received.octets / received.packets > 3 * 1480)
            #expect(received.drops.isEmpty)
        }
    }

    /// ```
    ///   a ──── eth0 (no segmentation offload) ═══ eth0 (GRO on) ──── b ──── lan (segmented in b) ═══ eth0  right
    /// ```
    @Test func `merged TCP is cut again when it is forwarded, and arrives intact`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let right = try lab.host("right")
            try lab.connect(b, "lan", "10.20.2.1/24", right, "eth0", "10.20.2.9/24")
            try right.shell("ip route add default via 10.20.2.1")
            try b.shell("ethtool -K lan tso off gso off")
            try b.forward()
            let prefixes = ["--allowed-ips", "10.9.0.2/32,10.20.2.0/24", "--mss-clamp", "off"]
            let ends = [
                try a.up(["--peer", "192.0.2.2", "--address", "10.9.0.1/32"] + prefixes),
                try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32"),
            ]
            try merge(from: a, to: b)
            try right.startCounting("ip length > 1500")
            let transfer = try Transfer.start(from: a, to: right, at: "10.20.2.9")
            try transfer.waitForMore(16)
            #expect(try transfer.end().isIntact)
            let received = try #require(try ends[1].report().peers.first).received
            #expect(received.octets / received.packets > 2 * 1480)
            #expect(try right.counted() == 0)
            for end in ends { try end.expectEveryPacketAccountedFor() }
        }
    }

    @Test func `what the sending host leaves to be cut is cut by us`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            try b.host.startCounting("ip protocol 4 ip length > 1500")
            let transfer = try Transfer.start(from: a.host, to: b.host, at: "10.9.0.2")
            try transfer.waitForMore(8)
            #expect(try transfer.end().isIntact)
            for end in [a, b] { try end.expectEveryPacketAccountedFor() }
            let sent = try a.report().encapsulate
            #expect(sent.gso_packets > 0)
            #expect(sent.outer_packets > 2 * sent.delivered)
            #expect(try b.host.counted() == 0)
        }
    }

    @Test func `a corrupted segment among good ones stays corrupted`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            try merge(from: a.host, to: b.host)
            let before = try b.host.kernelCounter("Tcp", "InCsumErrors")
            try a.host.python(
                """
                from scapy.layers.inet import TCP
                def segment(number):
                    inner = IP(src="10.9.0.1", dst="10.9.0.2", id=500 + number, flags="DF")
                    inner /= TCP(sport=7001, dport=7002, flags="A", seq=1 + 1000 * number, ack=1) / Raw(bytes(1000))
                    octets = bytearray(bytes(inner))
                    if number in (0, 7, 15): octets[700] ^= 0x20
                    return bytes(IP(src="192.0.2.1", dst="192.0.2.2", proto=4, flags="DF") / Raw(bytes(octets)))
                wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
                for packet in [segment(number) for number in range(16)]: wire.sendto(packet, ("192.0.2.2", 0))
                """)
            try b.expectEveryPacketAccountedFor()
            #expect(try b.host.kernelCounter("Tcp", "InCsumErrors") == before + 3)
            let report = try b.report()
            #expect((3...16).contains(report.decapsulate.delivered))
            #expect(report.decapsulate.dropped == 0)
        }
    }

    /// A veth merges only what comes in single segments, and only while its queue is held back for a moment.
    private func merge(from sender: Host, to receiver: Host) throws {
        try sender.shell("ethtool -K eth0 tso off gso off")
        try receiver.shell("ethtool -K eth0 gro on")
        try receiver.shellWithSys("echo 200000 > /sys/class/net/eth0/gro_flush_timeout")
        try receiver.shellWithSys("echo 50 > /sys/class/net/eth0/napi_defer_hard_irqs")
    }
}
