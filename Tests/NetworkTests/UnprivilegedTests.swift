// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// An ordinary user who was given CAP_NET_ADMIN and CAP_NET_RAW, and no more: a container without root.
@Suite(.needsRoot) struct UnprivilegedTests {
    /// Nobody on this machine.
    static let user = "51994"
    static let become =
        device + [
            "setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups",
            "--bounding-set=-all,+net_admin,+net_raw",
            "--inh-caps=-all,+net_admin,+net_raw", "--ambient-caps=-all,+net_admin,+net_raw",
        ]

    /// Where /dev/net/tun is root's alone, as devtmpfs makes it without udev, such a user has one of the container's own.
    private static let device = [
        "unshare", "-m", "sh", "-ec",
        #"mount -t tmpfs -o mode=755 tmpfs /dev/net; mknod -m 666 /dev/net/tun c 10 200; exec "$0" "$@""#,
    ]

    /// Runs `body` with a tunnel of such a user between two hosts, and the directory where it has its files.
    private func withTunnel(_ more: [String] = [], _ body: (Lab, Tunnel, String) throws -> Void) throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            _ = try lab.upB(b)
            // Where an ordinary user may make directories.
            let home = try a.shell("mktemp -d /tmp/iptund-unprivileged.XXXXXX").split(separator: "\n").joined()
            defer { _ = try? a.shell("rm -rf \(home)") }
            try a.shell("chown \(Self.user) \(home)")
            let arguments = ["--peer", "192.0.2.2", "--address", "10.9.0.1 peer 10.9.0.2"]
            let directory = "\(home)/tunnel"
            let tunnel = try a.up(
                arguments + ["--runtime-directory", directory] + more, through: Self.become)
            try body(lab, tunnel, directory)
        }
    }

    @Test func `it works, gives up what it has, and says what it could not take`() throws {
        try withTunnel { _, tunnel, directory in
            #expect(try tunnel.host.ping("10.9.0.2") == 3)
            let missing = "bounding set not emptied, securebits not locked: CAP_SETPCAP missing"
            #expect(tunnel.process.text.contains(missing))
            let shown = try tunnel.host.iptund("show", tunnel.name, "--runtime-directory", directory).text
            #expect(shown.contains(missing))
            #expect(!shown.contains("still uid"))
            for thread in try Files.entries("/proc/\(tunnel.process.id)/task") {
                let status = try Files.read("/proc/\(tunnel.process.id)/task/\(thread)/status")
                for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                    #expect(status.contains("\(set):\t0000000000000000\n"), "\(set) of thread \(thread)")
                }
                #expect(status.contains("NoNewPrivs:\t1\n"))
            }
        }
    }

    @Test(.needsNoSanitizer, .enabled(if: Intruder.isPossible, "plays him on x86-64 only"))
    func `not even its own user can look into it`() throws {
        try withTunnel { _, tunnel, _ in
            let isOpen = try Intruder(tunnel: tunnel).canBeTraced(by: Self.user)
            #expect(!isOpen)
        }
    }

    @Test func `its user can end it, and nothing is left`() throws {
        try withTunnel { lab, tunnel, directory in
            let words = ["setpriv", "--reuid=\(Self.user)", "--regid=\(Self.user)", "--clear-groups", Host.program]
            let ending = try tunnel.host.run(words + ["down", tunnel.name, "--runtime-directory", directory])
            #expect(ending.status == 0, "\(ending.text)")
            #expect(try tunnel.process.wait() == 0)
            #expect(!Files.exists(directory))
            #expect(
                try tunnel.host.shell("ip -o link show type tun; ip route show dev eth0")
                    == "192.0.2.0/24 proto kernel scope link src 192.0.2.1 \n")
        }
    }

    @Test func `a user that it should become is spoken of`() throws {
        try withTunnel(["--user", "nobody"]) { _, tunnel, _ in
            #expect(tunnel.process.text.contains("still uid \(Self.user): CAP_SETUID and CAP_SETGID missing"))
        }
    }
}
