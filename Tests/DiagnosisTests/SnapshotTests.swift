// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Tunnel
import Wire

struct SnapshotTests {
    @Test func `kernel counters are read by name, whatever stands between them`() {
        let text = """
            Ip: Forwarding DefaultTTL InAddrErrors
            Ip: 1 64 7
            nonsense
            Icmp: InMsgs
            Icmp: 3 4 5
            Udp: OutDatagrams

            """
        #expect(
            KernelCounters(text: text).values == [
                "Ip.Forwarding": 1, "Ip.DefaultTTL": 64, "Ip.InAddrErrors": 7, "Icmp.InMsgs": 3,
            ])
    }

    @Test func `a counter that begins anew has not grown`() {
        #expect(Growth(from: 5, to: 8) == Growth(total: 8, recent: 3))
        #expect(Growth(from: 8, to: 5) == Growth(total: 5, recent: 0))
        let now = KernelCounters(["Ip.InAddrErrors": 8, "Ip.New": 3])
        let growth = now.growth(since: KernelCounters(["Ip.InAddrErrors": 6]))
        #expect(growth == ["Ip.InAddrErrors": Growth(total: 8, recent: 2), "Ip.New": Growth(total: 3, recent: 0)])
    }

    @Test func `raw sockets are read with what they dropped`() {
        let text = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
               4: 00000000:0004 00000000:0000 07 00000000:00000000 00:00000000 00000000   998        0 26135 2 0000000000000000 12
             255: 00000000:00FF 0202000A:0000 01 00000000:00000000 00:00000000 00000000     0        0 26136 2 0000000000000000 0
               x: 00000000:0004 garbage
            """
        let sockets = RawSocket.list(text)
        #expect(
            sockets == [
                RawSocket(ipProtocol: 4, inode: 26_135, uid: 998, drops: Growth(total: 12)),
                RawSocket(ipProtocol: 255, inode: 26_136),
            ])
        var before = sockets
        before[0].drops.total = 10
        #expect(RawSocket.list(sockets, since: before)[0].drops == Growth(total: 12, recent: 2))
    }

    @Test func `the larger one of a link's own setting and that for all counts, except for forwarding`() {
        var network = NetworkSnapshot.healthy
        network.common = .known(["rp_filter": 1, "forwarding": 1])
        #expect(network.effective(.reversePathFilter, "eth0") == 1)
        #expect(network.effective(.reversePathFilter, "b") == 2)
        #expect(network.effective(.forwarding, "eth0") == 0)
        #expect(network.effective(.reversePathFilter, "eth9") == nil)
        #expect(network.effective(.sendRedirects, "eth0") == nil)
    }

    @Test func `drops of peers and of nobody count together`() {
        var tunnel = TunnelSnapshot.healthy
        tunnel.drops[.truncated] = Growth(total: 3, recent: 1)
        tunnel.peers[0].drops[.truncated] = Growth(total: 4, recent: 2)
        #expect(tunnel.dropped(.truncated) == Growth(total: 7, recent: 3))
        #expect(tunnel.dropped(.loop) == Growth())
    }
}
