// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// A change to the host that the kernel refuses ends `up`, and all changes before it are taken back.
///
/// The keeper, which has its work to do then, is not meddled with. See ``Lab/gateway()`` for the network.
@Suite(.needsRoot)
struct FailedChangeTests {
    /// What becomes of `up` when a system call fails.
    private struct Attempt {
        let status: Int32
        let isUp: Bool
        let lines: [String]
        /// How many calls of this kind there were.
        let calls: Int
        let wasHit: Bool

        /// What was said for people about why it did not come up.
        var complaints: [String] {
            lines.filter { !$0.hasPrefix("[#]") && !$0.contains("no user 'iptund' on this system") }
        }
    }

    /// Runs `up` with one failing system call, and ends the tunnel if it came up nevertheless.
    private func attempt(_ strace: Strace, _ gateway: Gateway, _ arguments: [String]) throws -> Attempt {
        let process = try gateway.a.start(strace.words + [Host.program, "up"] + arguments)
        var isUp = false
        try eventually("it is up, or has ended") {
            isUp = process.text.contains(" is up: ")
            return isUp || process.hasEnded
        }
        // Somebody ends it for good: nor does a kill switch stay.
        process.signal(SIGINT)
        let status = try process.wait()
        let trace = try Files.read(strace.log).split(separator: "\n")
        return Attempt(
            status: status, isUp: isUp, lines: process.lines.map(String.init),
            calls: trace.count { $0.hasPrefix("\(strace.call)(") },
            wasHit: trace.contains { $0.hasSuffix("(INJECTED)") })
    }

    @Test(arguments: [Variety.bare, .killSwitch])
    func `whichever message to the kernel fails, the host is as before`(variety: Variety) throws {
        try Lab.open { lab in
            let gateway = try lab.gateway()
            func failing(_ number: Int) throws -> Attempt {
                let fault = "error=ENOBUFS:when=\(number)"
                let strace = Strace(log: lab.directory + "/trace", call: "sendmsg", injection: fault)
                return try attempt(strace, gateway, variety.arguments(gateway))
            }
            let before = try gateway.a.state
            let whole = try failing(10_000)
            #expect(whole.isUp && !whole.wasHit && whole.status == 0)
            var refused = ""
            for number in 1...whole.calls {
                let attempt = try failing(number)
                // How often it looks at its host once it is up depends on what happens there.
                #expect(attempt.wasHit || attempt.isUp, "message \(number)")
                #expect(try gateway.a.changes(since: before) == [], "message \(number)")
                #expect(attempt.status == (attempt.isUp ? 0 : 1), "message \(number): \(attempt.lines)")
                if attempt.isUp { continue }
                #expect(attempt.complaints.count == 1, "message \(number): \(attempt.lines)")
                explains((attempt.complaints.first ?? "") + "\n")
                refused += attempt.complaints.joined()
            }
            let changes = whole.lines.prefix { !$0.contains(" is up: ") }.filter {
                $0.hasPrefix("[#] ") && !$0.contains("tuntap") && !$0.contains("conf.all")
            }
            #expect(changes.count > 3)
            for change in changes {
                let command = change.dropFirst("[#] ".count)
                let isTable = command.hasPrefix("nft ")
                // Without a pin it comes up all the same, and its keeper makes it.
                if command.contains(" via ") { continue }
                #expect(refused.contains(isTable ? "cannot make table ip iptund-mine of nftables: " : "'\(command)'"))
            }
        }
    }

    @Test(arguments: [
        ("openat", "error=EACCES:when=2", "/proc/sys/net/ipv4/conf/all/send_redirects"),
        ("write", "error=EPERM:when=1", "/proc/sys/net/ipv4/conf/all/send_redirects"),
        ("rename", "error=ENOSPC:when=1", nil),
        ("fsync", "error=EIO:when=1", nil),
        ("clone", "error=EAGAIN:when=1", nil),
        ("setgroups", "error=EPERM:when=1", nil),
        ("capset", "error=EPERM:when=1", nil),
        ("landlock_restrict_self", "error=E2BIG:when=1", nil),
    ])
    func `whatever else fails, the host is as before`(call: String, fault: String, path: String?) throws {
        try Lab.open { lab in
            let gateway = try lab.gateway()
            let before = try gateway.a.state
            let strace = Strace(log: lab.directory + "/trace", call: call, injection: fault, path: path)
            let attempt = try attempt(strace, gateway, Variety.everything.arguments(gateway))
            #expect(attempt.wasHit)
            #expect(!attempt.isUp)
            #expect(attempt.status == 1)
            #expect(attempt.complaints.count == 1, "\(attempt.lines)")
            explains((attempt.complaints.first ?? "") + "\n")
            #expect(try gateway.a.changes(since: before) == [])
        }
    }

    /// By the limit on processes of the user that the daemon becomes: a system call that strace answers looks forbidden.
    @Test func `a thread that cannot be started leaves the host as before`() throws {
        try Lab.open { lab in
            let gateway = try lab.gateway()
            let before = try gateway.a.state
            let words = ["prlimit", "--nproc=1:1", Host.program, "up"] + Variety.everything.arguments(gateway)
            let process = try gateway.a.start(words)
            try eventually("it has ended") { process.hasEnded }
            #expect(try process.wait() == 1)
            let complaint = try #require(process.lines.last)
            #expect(complaint.contains("cannot start the data path"))
            explains(complaint + "\n")
            #expect(try gateway.a.changes(since: before) == [])
        }
    }
}
