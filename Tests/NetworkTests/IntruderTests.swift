// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Code that somebody runs inside of a daemon that carries packets, played by making its threads do things.
///
/// What each list of system calls holds is tested one by one in `ConfinementTests`; here, that they are in force where it
/// counts, and what becomes of the host.
@Suite(.needsRoot, .needsNoSanitizer, .enabled(if: Intruder.isPossible, "plays him on x86-64 only"))
struct IntruderTests {
    /// Numbers of x86-64.
    enum Call: Int, CaseIterable, CustomTestStringConvertible {
        case socket = 41, fork = 57, execve = 59, ptrace = 101, setns = 308, bpf = 321, userfaultfd = 323, openat = 257
        case ioUring = 425, seccomp = 317, loadModule = 175

        var testDescription: String { "\(self)" }
    }

    @Test(arguments: Intruder.Place.allCases, Call.allCases)
    func `who tries what the daemon never does ends it, and leaves nothing on the host`(
        place: Intruder.Place, call: Call
    ) throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let before = try a.state
            let tunnel = try lab.upA(a)
            let keeper = try tunnel.keeper
            let intruder = Intruder(tunnel: tunnel)
            // Two descriptors or addresses that lead nowhere: were it allowed, it would merely fail.
            #expect(try intruder.call(call.rawValue, -1, 0, 0, at: place) == .killed("SIGSYS"))
            #expect(try tunnel.process.wait() == 128 + SIGSYS)
            try eventually("the keeper is done") { Running.isGone(keeper) }
            #expect(try a.changes(since: before) == [])
        }
    }

    @Test func `each thread goes by a list of its own, which its probe shows`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let tunnel = try lab.upA(a)
            let intruder = Intruder(tunnel: tunnel)
            let getpgid = 121
            for place in Intruder.Place.allCases {
                #expect(try intruder.call(getpgid, 0, at: place) == .returned(-Int(EPERM)), "\(place)")
            }
            #expect(try a.iptund("status", tunnel.name).status == 0)
        }
    }

    @Test func `nobody but root can look into the daemon, not even another process of its own user`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let tunnel = try lab.upA(a)
            let intruder = Intruder(tunnel: tunnel)
            #expect(try !intruder.canBeTraced(by: "65534"))
            #expect(try !intruder.canBeTraced(by: "1"))
            #expect(try intruder.canBeTraced(by: "0"))
            // What it would say of itself to its own user otherwise.
            #expect(try Files.status("/proc/\(tunnel.process.id)/maps").owner == 0)
        }
    }

    /// What code inside of the daemon could send, played by a socket with the daemon's mark.
    @Test func `the firewall rules of the page let a tunnel pass, and nothing else with its mark`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(a: [], b: [])
            let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }
            let page = try Files.read("\(root)/docs/security.md").split(
                separator: "\n", omittingEmptySubsequences: false)
            let rules = page.drop { $0 != "table inet iptund {" }.prefix { $0 != "```" }.joined(separator: "\n")
            try a.host.shell("nft -f \(try lab.file("a/rules.nft", rules + "\n"))")
            try b.host.startCounting("ip daddr 192.0.2.2 ip protocol != 4")
            _ = try a.host.run([
                "/usr/bin/python3", "-c",
                """
                import socket
                wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
                wire.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 0x1994)
                for source in ("192.0.2.1", "203.0.113.7"):
                    for number in (6, 17, 89, 112):
                        header = bytes([0x45, 0, 0, 40, 0, 1, 0, 0, 64, number, 0, 0])
                        packet = header + socket.inet_aton(source) + socket.inet_aton("192.0.2.2") + bytes(20)
                        try: wire.sendto(packet, ("192.0.2.2", 0))
                        except PermissionError: pass
                """,
            ])
            #expect(try b.host.counted() == 0)
            #expect(try a.host.ping("10.9.0.2") == 3)
        }
    }

    @Test func `a socket for which the kernel writes headers stays one`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let tunnel = try lab.upA(a)
            let intruder = Intruder(tunnel: tunnel)
            let (setsockopt, hdrincl) = (54, 3)
            let died = try intruder.call(setsockopt, 3, Int(IPPROTO_IP), hdrincl, 0, 4, at: .main)
            #expect(died == .killed("SIGSYS"))
        }
    }

    @Test func `the daemon can signal itself and nobody else`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let tunnel = try lab.upA(a)
            let intruder = Intruder(tunnel: tunnel)
            let tgkill = 234
            // The main thread may end its own process, and no other one, not even with signal 0.
            let (own, other) = (Int(tunnel.process.id), Int(getpid()))
            let allowed = try intruder.call(tgkill, own, own, 0, at: .main)
            #expect(allowed == .returned(0))
            let refused = try intruder.call(tgkill, other, other, 0, at: .main)
            #expect(refused == .killed("SIGSYS"))
        }
    }
}
