// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// The daemon dies: what it changed is taken back, and it is started again.
@Suite(.needsTree, .serialized, .timeLimit(.minutes(10)))
struct CrashTests {
    @Test func `killed it is cleaned up, started again, and traffic goes on`() throws {
        try Site.open { site in
            let before = try site.a.container.state
            try site.start()
            kill(try site.a.process, SIGKILL)
            try eventually("it was started again") { try site.a.number("NRestarts") == 1 && site.a.isActive }
            #expect(try site.a.journal.contains { $0.contains("iptund[") == false && $0.contains("status=9/KILL") })
            try site.waitForTraffic()
            try site.a.stop()
            #expect(try site.a.container.state.difference(from: before).isEmpty)
        }
    }

    /// Which thread stands still.
    enum Still: String, CaseIterable { case main, data }

    @Test(arguments: Still.allCases)
    func `a thread that stands still is noticed, killed, and traffic goes on`(still: Still) throws {
        try Site.open { site in
            try site.a.override("WatchdogSec=2")
            try site.start()
            let process = try site.a.process
            let threads = try Files.entries("/proc/\(process)/task").compactMap { Int32($0) }
            let thread = try #require(threads.first { ($0 == process) == (still == .main) })
            // The kernel keeps a thread that is traced where it is, and the others go on.
            let tracer = try ChildProcess.start(["/usr/bin/python3", CrashTests.intruder, "hold", "\(thread)"])
            defer { try? eventually("the tracer ends") { tracer.poll() != nil } }
            try eventually("it was started again") { try site.a.number("NRestarts") == 1 && site.a.isActive }
            #expect(try site.a.journal.contains { $0.contains("Failed with result 'watchdog'") })
            try site.waitForTraffic()
        }
    }

    /// Somebody whose code runs in a data thread is played by `Tests/Tools/intrude.py`, on x86-64.
    @Test(.enabled(if: Self.canIntrude, "plays an intruder on x86-64 only"))
    func `a data thread that tries what is forbidden dies at once, and traffic goes on`() throws {
        try Site.open { site in
            let before = try site.a.container.state
            try site.start()
            let process = try site.a.process
            let thread = try #require(
                try Files.entries("/proc/\(process)/task").compactMap { Int32($0) }.first { $0 != process })
            // open(2), which would fail for lack of a path if it were allowed.
            let ending = try ChildProcess.run([
                "/usr/bin/python3", CrashTests.intruder, "call", "\(thread)", "2", "0", "0",
            ])
            #expect(ending.text == "killed by SIGSYS\n")
            try eventually("it was started again") { try site.a.number("NRestarts") == 1 && site.a.isActive }
            #expect(try site.a.journal.contains { $0.contains("status=31/SYS") })
            try site.waitForTraffic()
            try site.a.stop()
            #expect(try site.a.container.state.difference(from: before).isEmpty)
        }
    }

    private static let intruder =
        #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Tools/intrude.py"

    private static var canIntrude: Bool {
        #if arch(x86_64)
            true
        #else
            false
        #endif
    }

    @Test func `killed and not started again it leaves nothing`() throws {
        try Site.open { site in
            let before = try site.a.container.state
            try site.a.override("Restart=no")
            try site.start()
            kill(try site.a.process, SIGKILL)
            try eventually("it failed") { try site.a.property("ActiveState") == "failed" }
            #expect(try site.a.container.state.difference(from: before).isEmpty)
        }
    }

    @Test func `a kill switch outlives a crash, and goes with an orderly end`() throws {
        try Site.open { site in
            let before = try site.a.container.state
            try site.a.configure(
                """
                [Interface]
                Address = 10.9.0.1/32
                KillSwitch = on
                [Peer]
                Endpoint = 192.0.2.2
                AllowedIPs = 10.9.0.2/32, 203.0.113.0/24

                """)
            try site.a.container.shell("ip route add default via 192.0.2.2")
            try site.start()
            #expect(try site.a.container.shell("ip route get 203.0.113.9").contains("dev x"))
            try site.a.override("RestartSec=2")
            kill(try site.a.process, SIGKILL)
            try eventually("it is cleaned up") { try site.a.property("SubState") == "auto-restart" }
            #expect(try site.a.container.run(["ip", "route", "get", "203.0.113.9"]).status == 2)
            try eventually("it was started again") { try site.a.number("NRestarts") == 1 && site.a.isActive }
            #expect(try site.a.container.shell("ip route get 203.0.113.9").contains("dev x"))
            try site.waitForTraffic()
            // Root writes the state in the meantime; the next start still has to read it.
            try site.a.container.shell("systemctl reload \(site.a.name)")
            kill(try site.a.process, SIGKILL)
            try eventually("it was started once more") { try site.a.number("NRestarts") == 2 && site.a.isActive }
            try site.a.stop()
            try site.a.container.shell("ip route delete default")
            #expect(try site.a.container.state.difference(from: before).isEmpty)
        }
    }
}
