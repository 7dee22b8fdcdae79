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

    /// How it ends, or whom it loses.
    enum Ending: String, CaseIterable {
        case stop, restart, keeperKilled, mainKilled, bothKilled, keeperKilledFirst
        case everySignalled = "systemctl kill"
        case everyKilled = "systemctl kill -s KILL"

        /// Whether systemd starts it again.
        var isFailure: Bool { ![.stop, .restart, .everySignalled].contains(self) }

        func perform(_ unit: Unit) throws {
            let main = try unit.process
            let keeper = try unit.keeper
            switch self {
            case .stop: try unit.stop()
            case .restart: try unit.container.shell("systemctl restart \(unit.name)")
            case .keeperKilled: kill(keeper, SIGKILL)
            case .mainKilled: kill(main, SIGKILL)
            case .bothKilled: for process in [main, keeper] { kill(process, SIGKILL) }
            case .keeperKilledFirst: for process in [keeper, main] { kill(process, SIGKILL) }
            case .everySignalled, .everyKilled: try unit.container.shell("\(rawValue) \(unit.name)")
            }
        }
    }

    @Test(arguments: Ending.allCases)
    func `whoever is stopped or killed, nothing is left, and nothing is done twice`(ending: Ending) throws {
        try Site.open { site in
            let before = try site.a.container.state
            try site.start()
            try ending.perform(site.a)
            if ending.isFailure {
                try eventually("it was started again") { try site.a.number("NRestarts") == 1 && site.a.isActive }
                try site.waitForTraffic()
            } else if ending == .restart {
                try site.waitForTraffic()
            } else {
                try eventually("it has ended") { try site.a.property("ActiveState") == "inactive" }
                #expect(try site.a.container.state.difference(from: before).isEmpty)
            }
            try site.a.stop()
            #expect(try site.a.container.state.difference(from: before).isEmpty)
            let journal = try site.a.journal
            #expect(journal.hasOnly { !$0.contains("cannot") }, "\(journal.filter { $0.contains("cannot") })")
            // Each end takes each change back once.
            let ends = ending.isFailure || ending == .restart ? 2 : 1
            let commands = journal.filter { $0.contains("[#] ") && $0.contains(" delete ") }
            let counts = Dictionary(commands.map { ($0, 1) }, uniquingKeysWith: +)
            for (command, count) in counts { #expect(count <= ends, "\(command)") }
        }
    }

    @Test func `what somebody removes is there again within a second, and is said in the journal`() throws {
        try Site.open { site in
            try site.start()
            let whole = try site.a.container.shell("ip route; ip rule; ip -4 address show dev x")
            try site.a.container.shell("ip address flush dev x; ip link set x down")
            try eventually("it is there again") {
                try site.a.container.shell("ip route; ip rule; ip -4 address show dev x") == whole
            }
            try site.waitForTraffic()
            #expect(try site.a.journal.contains { $0.contains("restored: ip address add") })
            #expect(try site.a.property("NRestarts") == "0")
        }
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

    @Test func `a kill switch outlives crash and stop, and goes when somebody says so`() throws {
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
            // Another configuration is written in the meantime; the next start still has to read it.
            let reload = try site.a.container.run(["systemctl", "reload", site.a.name])
            let said = try site.a.journal.suffix(12).joined(separator: "; ")
            #expect(reload.status == 0, "\(said)")
            kill(try site.a.process, SIGKILL)
            try eventually("it was started once more") { try site.a.number("NRestarts") == 2 && site.a.isActive }
            try site.a.stop()
            #expect(try site.a.journal.contains { $0.contains("'iptund down x' lifts it") })
            #expect(try site.a.container.run(["ip", "route", "get", "203.0.113.9"]).status == 2)
            #expect(try site.a.container.net("nft", "list", "ruleset").contains("table ip iptund-x"))
            try site.a.container.shell("iptund down x")
            try site.a.container.shell("ip route delete default")
            #expect(try site.a.container.state.difference(from: before).isEmpty)
        }
    }
}
