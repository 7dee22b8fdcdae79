// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Nobody may send a packet in our own name, whatever our names are at the moment.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b  (10.66.0.9 for a while)
/// ```
@Suite(.needsRoot)
struct OwnAddressTests {
    @Test func `an address is ours from the moment that it is added until it is removed`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel()
            func fate() throws -> (delivered: Int, own: Int) {
                let before = try b.report().decapsulate.received
                try a.host.send([.outer(CraftedPacket.echo("10.66.0.9", "10.9.0.2").octets)])
                let report = try b.report { $0.decapsulate.delivered + $0.decapsulate.dropped > before }
                return (report.decapsulate.delivered, report.decapsulateDrops["own-source"] ?? 0)
            }
            #expect(try fate() == (1, 0))
            try b.host.shell("ip address add 10.66.0.9/32 dev lo")
            try eventually("it is ours") { try fate().own > 0 }
            let delivered = try fate().delivered
            try b.host.shell("ip address delete 10.66.0.9/32 dev lo")
            try eventually("it is no longer ours") { try fate().delivered > delivered }
            try b.expectEveryPacketAccountedFor()
        }
    }
}
