// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Beside NetworkManager, which removes no rules and no routes of others, but changes a device that it takes to be connected
/// externally.
@Suite(.needsTree, .serialized, .timeLimit(.minutes(10)))
struct NetworkManagerTests {
    private func open(_ options: String = "", _ body: (ManagedSite) throws -> Void) throws {
        try ManagedSite.open(
            { a in
                try a.shell("\(options)\nrm /etc/systemd/system/NetworkManager.service; systemctl daemon-reload")
                try a.shell("systemctl start NetworkManager")
                try a.shell(
                    """
                    nmcli connection add type ethernet con-name lan ifname eth0 ipv4.method manual \
                        ipv4.addresses 192.0.2.1/24 ipv4.gateway 192.0.2.2 ipv6.method disabled
                    nmcli connection up lan
                    """)
                try eventually("eth0 has its route") { try a.shell("ip route").contains("default via 192.0.2.2") }
            }, body)
    }

    @Test func `whatever it does to its links and to ours, nothing leaves in clear, and all is there again`()
        throws
    {
        try open { scene in
            // It may add an address of its own.
            let whole = Set(try scene.look().split(separator: "\n"))
            try eventually("it sees the device") { try scene.a.shell("nmcli -t device").contains("x:tun") }
            try scene.whileSending {
                for script in [
                    "nmcli device reapply eth0", "nmcli connection up lan", "nmcli device reapply x",
                    "nmcli general reload", "systemctl restart NetworkManager", "nmcli device disconnect x",
                    "nmcli networking off; nmcli networking on",
                ] {
                    _ = try scene.a.run(["sh", "-c", script])
                    try eventually("all is there again after '\(script)'", within: 5) {
                        try whole.isSubset(of: scene.look().split(separator: "\n"))
                    }
                }
            }
            #expect(try scene.packetsInClear() == 0)
            try eventually("the uplink is there") { try scene.a.shell("ip route").contains("default via 192.0.2.2") }
            try scene.site.waitForTraffic()
            #expect(try scene.site.a.property("NRestarts") == "0")
        }
    }

    /// The example of the package, as its first lines say.
    @Test func `with the example file of the package it leaves the device alone`() throws {
        try open(
            "cp /usr/share/doc/iptund/examples/networkmanager-unmanaged.conf /etc/NetworkManager/conf.d/iptund.conf"
        ) {
            scene in
            try eventually("it sees the device") { try scene.a.shell("nmcli -t device").contains("x:tun:unmanaged") }
            _ = try scene.a.run(["nmcli", "device", "reapply", "x"])
            #expect(scene.monitor.removals.filter { $0.contains(": x ") }.isEmpty)
            #expect(try !scene.site.a.journal.contains { $0.contains("restored:") })
        }
    }
}
