// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// A tunnel with a kill switch while its unit or its package changes (ivpn/desktop-app#417, tailscale/tailscale#10773,
/// mullvad/mullvadvpn-app#7358: upgrades that leak).
@Suite(.needsTree, .serialized, .timeLimit(.minutes(10)))
struct UpgradeTests {
    @Test func `0 packets leave in clear through stop and start, restart, and an upgrade of the package`() throws {
        try ManagedSite.open(
            { a in
                try a.net("ip", "address", "add", "192.0.2.1/24", "dev", "eth0")
                try a.net("ip", "route", "add", "default", "via", "192.0.2.2")
            },
            { scene in
                let unit = scene.site.a
                let whole = try scene.a.shell("ip rule; ip route show table 1994000")
                try scene.whileSending {
                    for _ in 1...3 {
                        try unit.stop()
                        try unit.start()
                        try scene.a.shell("systemctl restart \(unit.name)")
                    }
                    try scene.a.install()
                    try eventually("it is up again") { try unit.isActive }
                    try scene.site.waitForTraffic()
                }
                #expect(try scene.packetsInClear() == 0)
                #expect(try scene.a.shell("ip rule; ip route show table 1994000") == whole)
                // What a start cannot do leaves nothing but the kill switch.
                try scene.whileSending {
                    try unit.stop()
                    try unit.configure("[Interface]\nNonsense = 1\n")
                    _ = try unit.startInVain()
                    #expect(try scene.a.net("nft", "list", "ruleset").contains("table ip iptund-x"))
                }
                #expect(try scene.packetsInClear() == 0)
                try scene.a.shell("iptund down x")
                #expect(try !scene.a.net("nft", "list", "ruleset").contains("iptund"))
            })
    }
}
