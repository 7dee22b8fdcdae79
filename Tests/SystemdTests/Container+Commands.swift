// SPDX-License-Identifier: Apache-2.0

import Linux

/// A command that had to work and did not.
struct CommandFailure: Error {
    let words: [String]
    let ending: ChildProcess.Ending
}

/// What is done in a ``Container``.
extension Container {
    /// Its root directory, as seen from here.
    var root: String { "/proc/\(leader)/root" }

    /// Runs a program in it to its end, at most for a minute.
    func run(_ words: [String]) throws -> ChildProcess.Ending {
        let environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "SYSTEMD_PAGER="]
        return try Container.run(["nsenter", "--target", "\(leader)", "--all"] + environment + words)
    }

    /// Runs a script in it, which must not fail; returns what it printed.
    @discardableResult
    func shell(_ script: String) throws -> String { try must(["sh", "-ec", script], run) }

    /// Runs a program of the machine out here in its network; it must not fail.
    @discardableResult
    func net(_ words: String...) throws -> String {
        try must(words) { try Container.run(["nsenter", "--target", "\(leader)", "--net"] + $0) }
    }

    /// The same as a command.
    func netCommand(_ words: String...) -> [String] { ["nsenter", "--target", "\(leader)", "--net"] + words }

    /// Writes a file in it, with its directory.
    func write(_ path: String, _ text: String) throws {
        let directory = path.split(separator: "/").dropLast().joined(separator: "/")
        try shell("mkdir -p /\(directory)")
        try Files.replace(root + path, with: Array(text.utf8), mode: 0o644)
    }

    /// What the journal has of a unit, as `options` say.
    func journal(_ unit: String, _ options: String = "-o cat") throws -> [Substring] {
        try shell("journalctl --sync; journalctl -q --no-pager -u \(unit) \(options)").split(separator: "\n")
    }

    /// Everything about a host that a tunnel could change.
    var state: [Substring] {
        get throws {
            let questions = ["address", "-details route show table all", "rule", "neigh show proxy"]
            let script = questions.map { "ip \($0)" }.joined(separator: "; ")
            return try shell(
                "\(script); cd /proc/sys/net/ipv4; grep . ip_forward conf/*/*; ls -A /run/iptund 2> /dev/null || true"
            )
            .split(separator: "\n") + (try net("nft", "list", "ruleset")).split(separator: "\n")
        }
    }

    private static func run(_ words: [String]) throws -> ChildProcess.Ending {
        try ChildProcess.run(["timeout", "--kill-after=1", "60"] + words)
    }

    private func must(
        _ words: [String], _ perform: ([String]) throws -> ChildProcess.Ending
    ) throws -> String {
        let ending = try perform(words)
        guard ending.status == 0 else { throw CommandFailure(words: words, ending: ending) }
        return ending.text
    }
}
