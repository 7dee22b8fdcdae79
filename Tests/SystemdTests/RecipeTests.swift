// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// The recipes of docs/containers.md, each with a machine at the other end.
///
/// ```
///   10.9.0.1  iptun0 ···················································· x  10.9.0.2
///     container  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  machine
/// ```
@Suite(.needsTree, .serialized, .timeLimit(.minutes(10)))
struct RecipeTests {
    /// Runs `iptund up` in a container, gives it a network afterwards, and hands it to `body` once packets pass.
    /// - Parameter flags: what `iptund` is told besides.
    private func open(_ options: [String], _ flags: [String] = [], _ body: (Container) throws -> Void) throws {
        try Unit.open { machine in
            try machine.configure(Site.fileOfB)
            let package = try Package.extract()
            defer { package.remove() }
            let up = ["/usr/sbin/iptund", "up", "--peer", "192.0.2.2"]
            let container = try Container(
                ["--private-network", "--bind-ro=\(package.program):/usr/sbin/iptund"] + options,
                running: up + ["--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32"] + flags)
            defer { container.clear() }
            try Site.connect(container, machine.container)
            try machine.start()
            try eventually("an echo comes back") {
                try container.net("sh", "-c", "ping -n -q -c 1 -W 1 10.9.0.2 || true").contains(" 1 received")
            }
            try body(container)
        }
    }

    @Test func `a container of root's gives up everything that it has`() throws {
        try open(["--capability=CAP_NET_ADMIN"]) { container in
            let shown = try container.shell("iptund show")
            #expect(!shown.contains("bounding set") && !shown.contains("still uid"), "\(shown)")
        }
    }

    @Test func `a container with users of its own gives up everything that it has`() throws {
        try open(["--private-users=pick"]) { container in
            let shown = try container.shell("iptund show")
            #expect(!shown.contains("bounding set") && !shown.contains("still uid"), "\(shown)")
        }
    }

    @Test func `an ordinary user with two capabilities is enough, and what cannot be given up is said`() throws {
        let capabilities = "CAP_NET_ADMIN,CAP_NET_RAW"
        let options = ["--private-users=pick", "--user=nobody", "--ambient-capability=\(capabilities)"]
        // The user iptund has a place for it, which nobody has not.
        let place = ["--runtime-directory", "/tmp/tunnel"]
        try open(options + ["--no-new-privileges=yes"], place) { container in
            let shown = try container.shell("iptund show iptun0 --runtime-directory /tmp/tunnel")
            #expect(shown.contains("bounding set not emptied, securebits not locked: CAP_SETPCAP missing"), "\(shown)")
            let status = try Files.read("/proc/\(container.leader)/status")
            for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                #expect(status.contains("\(set):\t0000000000000000"))
            }
        }
    }
}
