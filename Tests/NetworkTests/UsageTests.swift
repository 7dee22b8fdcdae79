// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Wrong usage is said in one line, ends with 2, and leaves the host alone.
@Suite(.needsRoot)
struct UsageTests {
    @Test(arguments: [
        ["--peer", "192.0.2.2", "--unknown-flag"],
        ["--peer"],
    ])
    func `flags that do not exist or are missing`(arguments: [String]) throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            // The argument parser's own words: what, and what now.
            let message = try a.refuses([Host.program, "up"] + arguments, status: 2)
            #expect(message.contains("see 'iptund --help'"))
        }
    }

    @Test(arguments: [
        ["--peer", "192.0.2.2", "--peer", "203.0.113.3"],
        ["--peer", "192.0.2.2", "--local", "192.0.2.1", "--local", "192.0.2.1"],
        ["--peer", "192.0.2.2", "--device", "a", "--device", "b"],
        ["--peer", "192.0.2.2", "--mtu", "1400", "--mtu", "1300"],
        ["--peer", "192.0.2.2", "--ttl", "5", "--ttl", "6"], ["--peer", "192.0.2.2", "--user", "a", "--user", "b"],
        ["--peer", "192.0.2.2", "--probe", "10.9.0.2", "--probe", "10.9.0.3"],
    ])
    func `what can be said once is not corrected by saying it twice`(arguments: [String]) throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            let message = try a.refuses([Host.program, "up", "--dry-run"] + arguments, status: 2)
            explains(message)
            #expect(message.hasPrefix("iptund: \(arguments[arguments.count - 2]): given twice"))
        }
    }

    @Test func `up alone names both forms, and iptund alone says that there is no tunnel`() throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            let message = try a.refuses([Host.program, "up"], status: 2)
            explains(message)
            #expect(message.contains("'iptund up NAME'") && message.contains("'iptund up --peer HOST'"))
            let alone = try a.iptund()
            #expect(alone.status == 0)
            #expect(alone.text.hasPrefix("iptund: no tunnel is up in this network namespace; "), "\(alone.text)")
        }
    }

    @Test(arguments: [["show", "--json"], ["metrics"], ["status", "x"], ["doctor"]])
    func `what cannot be printed is no success`(words: [String]) throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            let ending = try a.run(["sh", "-c", "exec \"$@\" >/dev/full", "sh", Host.program] + words)
            #expect(ending.status == 1, "\(words): \(ending.text)")
            explains("\(ending.text.split(separator: "\n").last ?? "")\n")
        }
    }

    @Test(arguments: [
        ["monitor", "x"], ["capture", "x"], ["demo"], ["show"], ["doctor"], ["up", "--peer", "192.0.2.2"],
    ])
    func `without descriptors to open anything, what is missing is said`(words: [String]) throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            for limit in [3, 4, 5, 6, 8] {
                let ending = try a.run(["prlimit", "--nofile=\(limit)", Host.program] + words)
                // One that needs no more does without.
                guard ending.status != 0 else { continue }
                for line in ending.text.split(separator: "\n") where line.hasPrefix("iptund: ") {
                    #expect(
                        line != "iptund: Too many open files" && line.contains("; "),
                        "\(words), \(limit): \(ending.text)")
                    #expect(!line.contains("Too many open files;") || line.contains("ulimit"), "\(ending.text)")
                }
                #expect(!ending.text.contains("rror: ") && ending.status < 128, "\(words), \(limit): \(ending.text)")
            }
        }
    }

    @Test(arguments: [
        ["--peer", "192.0.2.2", "file"],
        ["--local", "192.0.2.1"],
        ["--accept-from", "any"],
        ["--only", "decapsulate"],
        ["--peer", "not an address!"],
        ["--peer", "300.1.2.3"],
        ["--peer", "127.0.0.1"],
        ["--peer", "224.0.0.1"],
        ["--peer", "192.0.2.2", "--workers", "0"],
        ["--peer", "192.0.2.2", "--mtu", "67"],
        ["--peer", "192.0.2.2", "--mtu", "65516"],
        ["--peer", "192.0.2.2", "--mtu", "abc"],
        ["--peer", "192.0.2.2", "--ttl", "0"],
        ["--peer", "192.0.2.2", "--ttl", "256"],
        ["--peer", "192.0.2.2", "--df", "maybe"],
        ["--peer", "192.0.2.2", "--dscp", "64"],
        ["--peer", "192.0.2.2", "--ecn", "strange"],
        ["--peer", "192.0.2.2", "--min-ttl", "0"],
        ["--peer", "192.0.2.2", "--mss-clamp", "0"],
        ["--peer", "192.0.2.2", "--only", "both"],
        ["--peer", "192.0.2.2", "--accept-from", "10.0.0.1/8"],
        ["--peer", "192.0.2.2", "--only", "encapsulate", "--accept-from", "any"],
        ["--peer", "192.0.2.2", "--device", "sixteen-octets-x"],
        ["--peer", "192.0.2.2", "--device", "a/b"],
        ["--peer", "192.0.2.2", "--address", "10.9.0.1/33"],
        ["--peer", "192.0.2.2", "--allowed-ips", "10.9.0.1/24"],
    ])
    func `values that make no sense`(arguments: [String]) throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            explains(try a.refuses([Host.program, "up"] + arguments, status: 2))
        }
    }
}
