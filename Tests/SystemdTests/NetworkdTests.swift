// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Beside systemd-networkd, which removes rules and routes that it did not make itself (systemd.network(5), networkd.conf(5);
/// systemd/systemd#19106, #22077, netbirdio/netbird#4578).
@Suite(.needsTree, .serialized, .timeLimit(.minutes(10)))
struct NetworkdTests {
    /// `options` is a script that runs before systemd-networkd starts.
    private func open(_ options: String = "", _ body: (ManagedSite) throws -> Void) throws {
        try ManagedSite.open(
            { a in
                try a.write(
                    "/etc/systemd/network/10-eth0.network",
                    """
                    [Match]
                    Name=eth0
                    [Network]
                    Address=192.0.2.1/24
                    Gateway=192.0.2.2
                    LinkLocalAddressing=no
                    IPv6AcceptRA=no

                    """)
                try a.shell(options + "\ntrue")
                try a.shell("systemctl start systemd-networkd")
                try wait(a)
            }, body)
    }

    private func wait(_ container: Container) throws {
        try eventually("networkd has configured eth0", within: 20) {
            try container.shell("networkctl list eth0 --no-legend").contains("configured")
        }
    }

    @Test func `what it removes is there again within a second, nothing leaves in clear, and its settings are named`()
        throws
    {
        try open { scene in
            let (a, monitor) = (scene.a, scene.monitor)
            let whole = try scene.look()
            try scene.whileSending {
                for number in 1...3 {
                    let before = monitor.removals.count
                    try a.shell("networkctl reconfigure eth0")
                    try eventually("it has removed something, the \(number). time") { monitor.removals.count > before }
                    try eventually("all is there again") { try scene.look() == whole }
                    try wait(a)
                }
            }
            let gaps = monitor.gaps("lookup 1994000") + monitor.gaps("unreachable default table 1994000")
            print("systemd-networkd removed rules and routes; they were gone for \(gaps) s")
            #expect(gaps.count >= 6)
            #expect(gaps.allSatisfy { $0 < 1 })
            #expect(monitor.removals.contains { $0.contains("lookup 1994000") })
            #expect(monitor.removals.contains { $0.contains("unreachable default table 1994000") })
            #expect(try scene.packetsInClear() == 0)
            try scene.site.waitForTraffic()
            let journal = try scene.site.a.journal
            #expect(journal.contains { $0.contains("restored: ip rule add priority 31281") })
            let hints = journal.filter {
                $0.contains("ManageForeignRoutingPolicyRules=no") && $0.contains("ManageForeignRoutes=no")
            }
            #expect(hints.count == 1, "\(hints)")
            #expect(try scene.site.a.property("NRestarts") == "0")
        }
    }

    /// A file for all links takes the device's address away, too.
    @Test func `what it takes of the tunnel's own device is there again within a second, and nothing leaves in clear`()
        throws
    {
        try open { scene in
            let whole = try scene.look()
            try scene.whileSending {
                try scene.a.write("/etc/systemd/network/05-all.network", "[Match]\nName=x\n[Link]\nUnmanaged=no\n")
                try scene.a.shell("networkctl reload")
                try eventually("it has removed something") { scene.monitor.removals.contains { $0.contains(": x ") } }
                try eventually("all is there again") { try scene.look() == whole }
            }
            #expect(try scene.packetsInClear() == 0)
            try scene.site.waitForTraffic()
        }
    }

    /// The examples of the package, as their first lines say.
    @Test func `with the example files of the package it removes nothing`() throws {
        let options = """
            examples=/usr/share/doc/iptund/examples
            mkdir -p /etc/systemd/networkd.conf.d
            cp $examples/networkd-foreign.conf /etc/systemd/networkd.conf.d/iptund.conf
            cp $examples/networkd-unmanaged.network /etc/systemd/network/05-iptund.network
            """
        try open(options) { scene in
            let a = scene.a
            let whole = try scene.look()
            try a.shell("networkctl reconfigure eth0")
            try wait(a)
            try a.shell("touch /etc/systemd/network/10-eth0.network; networkctl reload")
            try wait(a)
            #expect(scene.monitor.removals.isEmpty, "\(scene.monitor.removals)")
            #expect(try scene.look() == whole)
            #expect(try !scene.site.a.journal.contains { $0.contains("restored:") })
            #expect(try a.shell("networkctl list x --no-legend").contains("unmanaged"))
            try scene.site.waitForTraffic()
        }
    }
}
