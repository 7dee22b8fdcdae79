// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What network cards do to a tunnel's TCP on reception: segments come merged, with their checksum unfinished.
///
/// ```
///   a ──── eth0 (no segmentation offload) ═══ eth0 (GRO on) ──── b
/// ```
@Suite(.enabled(if: geteuid() == 0 && Files.exists("/dev/net/tun"), "needs root and /dev/net/tun"))
struct MergedSegmentTests {
    @Test(.timeLimit(.minutes(2))) func `TCP that the kernel merged inside of outer packets arrives intact`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            // A veth merges only what comes in single segments, and only while its queue is held back for a moment.
            try a.host.shell("ethtool -K eth0 tso off gso off")
            try b.host.shell("ethtool -K eth0 gro on")
            try b.host.shell("echo 200000 > /sys/class/net/eth0/gro_flush_timeout")
            try b.host.shell("echo 50 > /sys/class/net/eth0/napi_defer_hard_irqs")
            let stream = try Stream.run(from: a.host, to: b.host, ["-n", "50M"])
            #expect(try #require(stream.end.received).bytes > 40 << 20)
            let received = try #require(try b.report().peers.first).received
            // No single packet is longer than the MTU: on average these were.
            #expect(received.octets / received.packets > 3 * 1480)
            #expect(received.drops.isEmpty)
        }
    }
}
