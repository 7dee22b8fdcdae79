// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What the kernel says about the processes of a running tunnel (proc(5), `status`).
@Suite(.needsRoot, .serialized, .timeLimit(.minutes(15)))
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
                for ids in ["Uid", "Gid"] {
                    #expect(status[ids]?.count == 4)
                    #expect(status[ids]?.contains("0") == false)
                }
                #expect(status["Groups"] == [])
            }
        }
    }

    @Test func `the janitor can change the network and nothing else`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            let janitor = try lab.upA(a).janitor
            let status = try status("/proc/\(janitor)/status")
            let netAdmin = "0000000000001000"
            #expect(status["CapPrm"] == [netAdmin])
            #expect(status["CapEff"] == [netAdmin])
            for set in ["CapInh", "CapBnd", "CapAmb"] { #expect(status[set] == ["0000000000000000"], "\(set)") }
            #expect(status["NoNewPrivs"] == ["1"])
            // ThreadSanitizer runs a thread of its own in every process (`make test-sanitize`).
            let isSanitized = unsafe dlsym(nil, "__tsan_init") != nil
            #expect(status["Threads"] == [isSanitized ? "2" : "1"])
        }
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
