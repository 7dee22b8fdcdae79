// SPDX-License-Identifier: Apache-2.0

import CLinux
import Configuration
import Glibc
import Linux
import Testing
@testable import iptund

/// What code that somebody else runs inside of the daemon can do, thread by thread. Each in a process of its own, which
/// becomes what the daemon is.
@Suite(.needsRoot, .needsNoSanitizer) struct ConfinementTests {
    /// What is tried.
    enum Attempt: String, CaseIterable {
        case open, makeDirectory, remove, changeMode, execute, fork, socket, kill, becomeRoot, leaveGroups
        case newNamespace, enterNamespace, newCode, changeCode, duplicateOver, hostName, timer
        // What the main thread may do, and a data thread may not.
        case accept, bind, connect, options, duplicate, wait

        /// The main thread needs these: for its clients, for another outer address, for its children.
        static let needed: [Attempt] = [.accept, .bind, .connect, .options, .duplicate, .wait]

        func perform() {
            switch self {
            case .open: _ = unsafe clinux_open("/etc/passwd", O_RDONLY, 0)
            case .makeDirectory: _ = unsafe mkdir("/tmp/of-an-intruder", 0o700)
            case .remove: _ = unsafe unlink("/tmp/of-somebody")
            case .changeMode: _ = unsafe chmod("/tmp", 0o777)
            case .execute: _ = unsafe execv("/bin/true", [nil])
            case .fork: if clinux_fork() == 0 { _exit(0) }
            case .socket: _ = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            case .kill: _ = Glibc.kill(getppid(), 0)
            case .becomeRoot: _ = setuid(0)
            case .leaveGroups: _ = setgroups(0, nil)
            case .newNamespace: _ = clinux_unshare_network()
            case .enterNamespace: _ = clinux_enter_network(0)
            case .newCode: _ = unsafe mmap(nil, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            case .changeCode:
                let page = unsafe mmap(nil, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                _ = unsafe mprotect(page, 4096, PROT_READ | PROT_EXEC)
            case .duplicateOver: _ = dup2(1, 2)
            case .hostName: _ = unsafe sethostname("owned", 5)
            case .timer: _ = alarm(1)
            case .accept: _ = clinux_accept(-1)
            case .bind: _ = Glibc.bind(-1, nil, 0)
            case .connect: _ = Glibc.connect(-1, nil, 0)
            case .options: _ = getsockopt(-1, 0, 0, nil, nil)
            case .duplicate: _ = clinux_duplicate(1)
            case .wait: _ = waitpid(-1, nil, WNOHANG)
            }
        }
    }

    /// Becomes a daemon's thread with this list, and tries something.
    static func perform(_ attempt: String, under list: SystemCalls) throws {
        let shortfalls = try Surrender.perform(.nobody)
        let confinement = try Confinement.begin(beside: shortfalls)
        try confinement.narrow(to: list)
        Attempt(rawValue: attempt)?.perform()
        _exit(7)
    }

    @Test(arguments: Attempt.allCases) func `a data thread can do none of this: the process dies`(attempt: Attempt)
        async
    {
        await #expect(processExitsWith: .signal(SIGSYS)) { [name = attempt.rawValue as String] in
            try ConfinementTests.perform(name, under: .dataThread)
        }
    }

    @Test(arguments: Attempt.allCases) func `the main thread can do no more than it has to`(attempt: Attempt) async {
        let isNeeded = Attempt.needed.contains(attempt)
        await #expect(processExitsWith: isNeeded ? .exitCode(7) : .signal(SIGSYS)) {
            [name = attempt.rawValue as String] in
            try ConfinementTests.perform(name, under: .mainThread)
        }
    }

    @Test func `nothing is missing on a kernel that has everything`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            let confinement = try Confinement.begin(beside: try Surrender.perform(.nobody))
            _exit(confinement.shortfalls.isEmpty ? 7 : 1)
        }
    }

    @Test func `before it is narrowed, threads can be started`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            _ = try Confinement.begin(beside: try Surrender.perform(.nobody))
            try Thread.start("late", Nothing()).join()
            _exit(7)
        }
    }

    private struct Nothing: ~Copyable, ThreadWork {
        consuming func run() throws(Errno) {}
    }

    @Test func `a thread that still has privilege is found out`() async {
        await #expect(processExitsWith: .exitCode(7)) {
            _ = try Privileges.reduce(to: [.netAdmin])
            let confinement = try Confinement.begin(beside: [])
            do throws(Complaint) {
                try confinement.narrow(to: .dataThread)
            } catch {
                _exit(error.what.hasSuffix("still has privilege") ? 7 : 1)
            }
            _exit(2)
        }
    }

    @Test(arguments: ["keeper", "resolver"]) func `to a child what it does not need is refused, and it lives`(
        role: String
    ) async {
        await #expect(processExitsWith: .exitCode(7)) { [role] in
            _ = try Privileges.drop(to: .nobody)
            Confinement.confineChild(to: role == "keeper" ? .keeper : .resolver, files: [])
            let outcomes = [
                unsafe execv("/bin/true", [nil]), clinux_unshare_network(), kill(getpid(), 0),
                unsafe sethostname("x", 1),
            ]
            _exit(outcomes.allSatisfy { $0 < 0 } && getpid() > 0 ? 7 : 1)
        }
    }
}
