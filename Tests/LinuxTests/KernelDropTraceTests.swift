// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

@Suite struct KernelDropTraceTests {
    @Test func `the reason stands at the end of the line`() {
        let line =
            "  ping-42 [001] ..s1. 12.345678: kfree_skb: skbaddr=00000000d9b9f6b8 rx_sk=0000000000000000 protocol=2048 "
            + "location=nf_hook_slow+0x9f/0xc0 reason: NETFILTER_DROP"
        #expect(KernelDropTrace.reason(of: line) == "NETFILTER_DROP")
    }

    @Test(arguments: ["", "CPU:1 [LOST 12 EVENTS]", "reason: X", "x kfree_skb: y", " kfree_skb: reason: "])
    func `another line has none`(line: String) {
        #expect(KernelDropTrace.reason(of: line) == nil)
    }

    /// Drops of others may be seen too: it is the whole machine's.
    @Test(.needsRoot, .enabled(if: Files.exists("/sys/kernel/tracing"), "needs tracing"))
    func `a packet that a filter drops is counted, and nothing is left`() throws {
        let (reasons, left) = try inFreshNetwork { () -> ([String: UInt64], [String]) in
            try shell("nft 'add table ip t; add chain ip t c { type filter hook input priority 0; policy drop; }'")
            return (try listen(), try Files.entries("/sys/kernel/tracing/instances"))
        }
        #expect(reasons["NETFILTER_DROP", default: 0] >= 3)
        #expect(!left.contains("iptund-\(getpid())"))
    }

    private func listen() throws -> [String: UInt64] {
        let signals = try Signals()
        let trace = try KernelDropTrace()
        _ = try shell("ping -c 3 -i 0.01 -W 0.1 127.0.0.1 2>&1 || true")
        return try trace.count(milliseconds: 100, until: signals).reasons
    }
}
