// SPDX-License-Identifier: Apache-2.0

import Glibc
import Testing

/// The octets on the wire, judged by programs that know nothing of ours.
@Suite(.needsRoot)
struct WireFormatTests {
    /// ```
    ///   scapy: IP / IP / ICMP                                               iptun0  10.9.0.2
    ///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
    /// ```
    @Test func `scapy's packet is delivered and answered, and scapy finds nothing wrong with the answer`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let tunnel = try lab.upB(b)
            let answer = try a.python(
                """
                inner = IP(src="10.9.0.1", dst="10.9.0.2", tos=0x28, ttl=9) / ICMP(id=77, seq=5) / Raw(b"iptund" * 9)
                packet = IP(src="192.0.2.1", dst="192.0.2.2", tos=0x28) / inner
                wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
                is_answer = lambda p: IP in p and p[IP].src == "192.0.2.2" and p[IP].proto == 4
                sniffer = AsyncSniffer(
                    iface="eth0", lfilter=is_answer, count=1, timeout=10,
                    started_callback=lambda: wire.sendto(bytes(packet), (packet.dst, 0)))
                sniffer.start()
                sniffer.join()
                outer = sniffer.results[0][IP]
                inner = outer.payload

                def correct(header):
                    octets = bytes(header)[:4 * header.ihl]
                    total = sum(int.from_bytes(octets[i:i + 2], "big") for i in range(0, len(octets), 2))
                    return total % 0xffff == 0 and total > 0

                print(outer.sprintf("%IP.src% > %IP.dst% proto %IP.proto% flags %IP.flags% id %IP.id% ttl %IP.ttl%"),
                      "tos", outer.tos, "ihl", outer.ihl, "checksum", correct(outer), "extra", outer.len - inner.len)
                print(inner.src, inner.dst, "ttl", inner.ttl, "tos", inner.tos, "checksum", correct(inner))
                icmp = inner[ICMP]
                print(icmp.type, icmp.code, icmp.id, icmp.seq, bytes(icmp.payload) == b"iptund" * 9)
                """)
            let expected = """
                192.0.2.2 > 192.0.2.1 proto ipencap flags DF id 0 ttl 64 tos 40 ihl 5 checksum True extra 20
                10.9.0.2 10.9.0.1 ttl 64 tos 40 checksum True
                0 0 77 5 True

                """
            #expect(answer == expected)
            let report = try tunnel.report { $0.encapsulate.delivered == 1 }
            #expect(report.decapsulate.delivered == 1)
            #expect(report.encapsulate.delivered == 1)
        }
    }

    /// ```
    ///   10.9.0.1  iptun0 ············· tcpdump ···························· iptun0  10.9.0.2
    ///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
    /// ```
    @Test func `tshark finds every packet nested, with good checksums on both headers`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            let file = "\(lab.directory)/capture.pcap"
            let capture = try a.host.start([
                "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-i", "eth0", "-w", file, "ip",
            ])
            try capture.waitFor("listening on")
            // One after the other.
            let pace = ["-l", "1", "-i", "0.3"]
            #expect(try a.host.ping("10.9.0.2", count: 3, pace + ["-Q", "0xb8", "-t", "33"]) == 3)
            #expect(try b.host.ping("10.9.0.1", count: 3, pace + ["-s", "1452"]) == 3)
            try eventually("tcpdump has seen them all") {
                capture.signal(SIGUSR1)
                return capture.text.contains("12 packets captured")
            }
            capture.signal(SIGINT)
            #expect(try capture.wait() == 0)
            let fields = [
                "ip.src", "ip.dst", "ip.proto", "ip.ttl", "ip.dsfield", "ip.flags.df", "ip.checksum.status",
                "icmp.checksum.status",
            ]
            let lines = try a.host.shell(
                "tshark -r \(file) -Y ip.proto==4 -o ip.check_checksum:TRUE -T fields "
                    + fields.map { "-e \($0)" }.joined(separator: " ") + " 2>/dev/null"
            ).split(separator: "\n").map { $0.split(separator: "\t").joined(separator: " ") }
            let ways = [("192.0.2.1,10.9.0.1 192.0.2.2,10.9.0.2"), ("192.0.2.2,10.9.0.2 192.0.2.1,10.9.0.1")]
            let marked = ["\(ways[0]) 4,1 64,33 0xb8,0xb8 1,1 1,1 1", "\(ways[1]) 4,1 64,64 0xb8,0xb8 1,0 1,1 1"]
            let plain = ["\(ways[1]) 4,1 64,64 0x00,0x00 1,1 1,1 1", "\(ways[0]) 4,1 64,64 0x00,0x00 1,0 1,1 1"]
            #expect(lines == marked + marked + marked + plain + plain + plain)
        }
    }
}
