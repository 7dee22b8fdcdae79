// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Hosts with several addresses and rules that ask for the source.
///
/// ```
///   a  192.0.2.1/24, 192.0.2.3/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24, 198.51.100.2 on lo  b
/// ```
@Suite(.needsRoot)
struct SourceRuleTests {
    @Test func `a second address of the same network is the source that rules ask for`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            try b.shell("ip address add 198.51.100.2/32 dev lo")
            try a.shell(
                """
                ip address add 192.0.2.3/24 dev eth0
                ip route add default via 192.0.2.2 table 77
                ip rule add from 192.0.2.3 lookup 77
                """)
            _ = try a.up(
                "--peer", "198.51.100.2", "--local", "192.0.2.3", "--address", "10.9.0.1/32", "--allowed-ips",
                "10.9.0.2/32")
            _ = try b.up(
                "--peer", "192.0.2.3", "--local", "198.51.100.2", "--address", "10.9.0.2/32", "--allowed-ips",
                "10.9.0.1/32")
            #expect(try a.ping("10.9.0.2") == 3)
        }
    }
}
