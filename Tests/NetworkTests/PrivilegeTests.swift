// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What the kernel says about the processes of a running tunnel (proc(5), `status`).
@Suite(.needsRoot)
struct PrivilegeTests {
    @Test func `no thread of the daemon has any privilege`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let tunnel = try lab.upA(a)
            let tasks = "/proc/\(tunnel.process.id)/task"
            let threads = try Files.entries(tasks)
            #expect(threads.count >= 3)
            for thread in threads {
                let status = try status("\(tasks)/\(thread)/status")
                for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
                    #expect(status[set] == ["0000000000000000"], "\(set) of thread \(thread)")
                }
                #expect(status["NoNewPrivs"] == ["1"])
                // One filter for all of the daemon, and another one for this thread.
                #expect(status["Seccomp"] == [Self.isSanitized ? "0" : "2"])
                #expect(status["Seccomp_filters"] == [Self.isSanitized ? "0" : "2"])
                for ids in ["Uid", "Gid"] {
                    #expect(status[ids]?.count == 4)
                    #expect(status[ids]?.contains("0") == false)
                }
                #expect(status["Groups"] == [])
            }
        }
    }

    @Test func `the keeper can change the network and nothing else`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let keeper = try lab.upA(a).keeper
            let status = try status("/proc/\(keeper)/status")
            let netAdmin = "0000000000001000"
            #expect(status["CapPrm"] == [netAdmin])
            #expect(status["CapEff"] == [netAdmin])
            for set in ["CapInh", "CapBnd", "CapAmb"] { #expect(status[set] == ["0000000000000000"], "\(set)") }
            #expect(status["NoNewPrivs"] == ["1"])
            #expect(status["Seccomp"] == [Self.isSanitized ? "0" : "2"])
            // ThreadSanitizer runs a thread of its own in every process (`make test-sanitize`).
            let hasThread = unsafe dlsym(nil, "__tsan_init") != nil
            #expect(status["Threads"] == [hasThread ? "2" : "1"])
        }
    }

    @Test func `the resolver has no privilege and its own list of system calls`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let process = try a.start([Host.program, "up", "--peer", "nowhere.example", "--address", "10.9.0.1/32"])
            try process.waitFor(" is up: ")
            // The keeper is the other child.
            let children = try process.children.map { try status("/proc/\($0)/status") }
            let resolver = try #require(children.first { $0["CapPrm"] == ["0000000000000000"] })
            for set in ["CapInh", "CapEff", "CapBnd", "CapAmb"] {
                #expect(resolver[set] == ["0000000000000000"], "\(set)")
            }
            #expect(resolver["Uid"]?.contains("0") == false)
            #expect(resolver["NoNewPrivs"] == ["1"])
            #expect(resolver["Seccomp"] == [Self.isSanitized ? "0" : "2"])
        }
    }

    @Test(.needsNoSanitizer)
    func `a kernel without Landlock is a shortfall that is said, and no obstacle`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let strace = Strace(
                log: lab.directory + "/trace", call: "landlock_create_ruleset", injection: "error=ENOSYS:when=1")
            let tunnel = try a.up(["--peer", "192.0.2.2", "--address", "10.9.0.1/32"], through: strace.words)
            let shortfall = "files not given up: this kernel has no Landlock (Function not implemented)"
            #expect(tunnel.process.text.contains(shortfall))
            #expect(try tunnel.report().privilege_shortfalls == [shortfall])
        }
    }

    private static var isSanitized: Bool {
        #if SANITIZED
            true
        #else
            false
        #endif
    }

    @Test func `the control socket is for the daemon's group alone`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            _ = try lab.upA(a)
            let directory = try #require(try a.runtimeDirectories.first)
            #expect(try a.shell("stat -c %a /run/iptund/\(directory)/control.sock") == "660\n")
        }
    }

    /// The words behind each name.
    private func status(_ path: String) throws -> [String: [String]] {
        var fields: [String: [String]] = [:]
        for line in try Files.read(path).split(separator: "\n") {
            let words = line.split { ": \t".contains($0) }.map(String.init)
            fields[words[0]] = Array(words[1...])
        }
        return fields
    }
}
