// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A host of a ``Lab``: one network namespace.
struct Host {
    let namespace: String
    let lab: Lab

    /// The debug build of the program, which lies beside that of its tests.
    static let program: String = {
        guard let path = unsafe realpath("/proc/self/exe", nil) else { return "iptund" }
        defer { unsafe free(path) }
        return unsafe String(cString: path).split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/iptund"
    }()

    /// Runs a program to its end, at most for a minute and for as long as the test may take.
    func run(_ words: [String]) throws -> ChildProcess.Ending {
        let milliseconds = try TimeLimit.remaining(of: 60_000)
        do throws(Errno) {
            return try inside { () throws(Errno) in try ChildProcess.run(words, milliseconds: milliseconds) }
        } catch {
            if error == .timedOut { throw Overdue(what: "the end of: \(words.joined(separator: " "))") }
            throw error
        }
    }

    /// Runs `iptund` to its end.
    func iptund(_ arguments: String...) throws -> ChildProcess.Ending { try run([Host.program] + arguments) }

    /// Runs a script, which must not fail; returns what it printed.
    @discardableResult
    func shell(_ script: String) throws -> String {
        let ending = try run(["sh", "-ec", script])
        guard ending.status == 0 else { throw CommandFailure(words: [script], ending: ending) }
        return ending.text
    }

    /// Starts a program that ends with the lab at the latest.
    func start(_ words: [String]) throws -> Running { try lab.start(words, on: self) }

    /// Runs a script that looks at or changes /sys, which shows the network namespace of who mounted it.
    @discardableResult
    func shellWithSys(_ script: String) throws -> String {
        try Lab.command("ip", "netns", "exec", namespace, "sh", "-ec", script)
    }

    /// What `ip link` says of a device, word by word: `["2:", "eth0@if3:", "<BROADCAST,…>", "mtu", "1500", …]`.
    func link(_ device: String) throws -> [Substring] {
        try Lab.command("ip", "-n", namespace, "-oneline", "link", "show", "dev", device).split {
            $0.isWhitespace || $0 == "\\"
        }
    }

    /// One of these words, by the one before it: `"mtu"`, `"qlen"`, `"link/ether"`.
    func link(_ device: String, _ key: Substring) throws -> String? {
        let words = try link(device)
        return words.firstIndex(of: key).flatMap { $0 + 1 < words.count ? String(words[$0 + 1]) : nil }
    }

    /// Sends `count` echo requests, the first twenty at once, and returns how many were answered.
    ///
    /// After the last one, ping waits for an interval or for twice the longest round trip so far, whichever is longer: with
    /// a short interval it would miss what a busy machine answers late.
    func ping(_ address: String, count: Int = 3, _ options: String...) throws -> Int {
        try ping(address, count: count, options)
    }

    /// The same.
    func ping(_ address: String, count: Int, _ options: [String]) throws -> Int {
        let words =
            ["ping", "-n", "-q", "-c", "\(count)", "-l", "\(min(count, 20))", "-i", "1", "-W", "2"] + options + [
                address
            ]
        // "3 packets transmitted, 3 received, 0% packet loss, time 41ms"
        let counts = try run(words).text.split(separator: "\n").first { $0.contains("packets transmitted") }
        return counts?.split(separator: ", ").dropFirst().first?.split(separator: " ").first.flatMap { Int($0) } ?? 0
    }

    /// A counter of the kernel for this host: `("Icmp", "OutDestUnreachs")`.
    func kernelCounter(_ group: String, _ name: String) throws -> Int {
        let lines = try shell("cat /proc/net/snmp").split(separator: "\n").filter { $0.hasPrefix("\(group): ") }
        let fields = lines.map { $0.split(separator: " ") }
        guard fields.count == 2, let column = fields[0].firstIndex(of: name[...]), let value = Int(fields[1][column])
        else { throw Errno.noSuchFile }
        return value
    }

    /// What tells this network namespace apart (`ls -i`).
    var inode: UInt64 { get throws { try Files.inode("/run/netns/\(namespace)") } }

    /// The directories under /run/iptund that belong to this host.
    var runtimeDirectories: [String] {
        get throws {
            let suffix = "@\(try inode)"
            return ((try? Files.entries("/run/iptund")) ?? []).filter { $0.hasSuffix(suffix) }
        }
    }

    /// Runs `body` with the calling thread in this host's network; what it starts stays there.
    func inside<Result>(_ body: () throws(Errno) -> Result) throws(Errno) -> Result {
        let place = try NetworkNamespace.open(named: namespace)
        return try NetworkNamespace.inside(place, body)
    }

    /// Starts a program here, whose output goes to a file.
    func spawn(_ words: [String], log: String) throws(Errno) -> Linux.ChildProcess {
        let place = try NetworkNamespace.open(named: namespace)
        return try NetworkNamespace.inside(place) { () throws(Errno) in
            try ChildProcess.start(words, output: .file(log))
        }
    }
}

extension Host {
    /// All that a tunnel could change, line by line.
    var state: [String] {
        get throws {
            // As text, `ip link` names the namespace of a veth's other end, when nobody deletes a namespace just then.
            let answers = try Lab.command(
                "ip", "-n", namespace, "-json", "-pretty", "-details", "-batch", try lab.questions)
            let settings = try run(["sh", "-c", "cd /proc/sys/net/ipv4; exec \(Host.settings)"]).text
            let tables = try run(["nft", "list", "ruleset"]).text
            return (answers + settings + tables).split(separator: "\n").map(String.init) + (try runtimeDirectories)
        }
    }

    /// The same without what counters count.
    var unwatchedState: [String] { get throws { try state.filter { !$0.contains(" counter packets ") } } }

    /// Prints what is set for all and for each of the devices: "conf/eth0/forwarding:0".
    private static let settings =
        "grep . ip_forward"
        + ["forwarding", "proxy_arp", "send_redirects", "rp_filter", "accept_local"].map { " conf/*/\($0)" }.joined()

    /// How the host differs from what it was: nothing may be left of a tunnel.
    func changes(since before: [String]) throws -> [String] {
        try state.difference(from: before).map { change in
            switch change {
            case .insert(_, let line, _): "+ \(line)"
            case .remove(_, let line, _): "- \(line)"
            }
        }
    }
}
