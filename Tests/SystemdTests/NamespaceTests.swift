// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What docs/containers.md says about network namespaces under systemd.
@Suite(.needsTree, .serialized, .timeLimit(.minutes(10)))
struct NamespaceTests {
    /// Starts, reloads and stops a tunnel whose device is in the namespace `inner`, which is left as it was.
    private func expectTunnelInside(_ unit: Unit) throws {
        let container = unit.container
        let before = try container.shell("ip -n inner address; ip -n inner route")
        try unit.start()
        #expect(try container.shell("ip -n inner address show dev x").contains("10.9.0.1"))
        #expect(try container.run(["ip", "link", "show", "x"]).status != 0)
        try container.shell("systemctl reload \(unit.name)")
        try unit.stop()
        #expect(try container.shell("ip -n inner address; ip -n inner route") == before)
        #expect(try container.shell("ls /run/iptund") == "")
    }

    @Test func `a drop-in lets the device be in another namespace`() throws {
        try Unit.open { unit in
            try unit.container.shell("ip netns add inner")
            try unit.configure(Site.fileOfA.replacing("[Peer]", with: "Netns = inner\n[Peer]"))
            try unit.override(
                """
                AmbientCapabilities=CAP_SYS_ADMIN
                CapabilityBoundingSet=CAP_SYS_ADMIN
                RestrictNamespaces=net
                SystemCallFilter=setns
                """)
            try expectTunnelInside(unit)
        }
    }

    @Test func `systemd can start the whole tunnel in another namespace`() throws {
        try Unit.open { unit in
            try unit.container.shell("ip netns add inner")
            try unit.configure(Site.fileOfA)
            try unit.override("NetworkNamespacePath=/run/netns/inner")
            try expectTunnelInside(unit)
        }
    }
}
