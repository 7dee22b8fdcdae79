// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux

/// A program in the background, with all that it prints in a file.
final class Running {
    private let child: ChildProcess
    private let log: String
    /// How it ended, as far as is known.
    private var status: Int32?

    /// Starts `words[0]`.
    init(_ words: [String], on host: Host, log: String) throws {
        child = try host.spawn(words, log: log)
        self.log = log
    }

    /// Its process id.
    var id: Int32 { child.id }

    /// What it has printed so far.
    var text: String { (try? Files.read(log)) ?? "" }

    /// What it has printed so far, line by line.
    var lines: [Substring] { text.split(separator: "\n") }

    var hasEnded: Bool {
        if status == nil { status = child.poll() }
        return status != nil
    }

    /// Sends a signal, if it has not ended.
    func signal(_ number: Int32) {
        guard !hasEnded else { return }
        // A keeper that a test has stopped would never let it end.
        if number == SIGTERM { for child in children { kill(child, SIGCONT) } }
        child.signal(number)
    }

    /// Waits for its end: the exit status, or 128 plus the signal.
    func wait() throws -> Int32 {
        try eventually("process \(id) ends") { hasEnded }
        return status ?? -1
    }

    /// Waits until it has printed a line with `text` and these fields, `key=value`.
    func waitFor(_ text: String, _ fields: String...) throws {
        try eventually("'\(text)' is printed") {
            if hasPrinted(text, fields) { return true }
            if hasEnded { throw EndedTooEarly(status: status ?? -1, text: self.text) }
            return false
        }
    }

    /// Whether it has printed a line with `text` and these fields.
    func hasPrinted(_ text: String, _ fields: [String]) -> Bool {
        lines.contains { line in line.contains(text) && fields.allSatisfy { "\(line) ".contains(" \($0) ") } }
    }

    /// The processes that it started and that have not ended.
    var children: [Int32] {
        guard !hasEnded, let list = try? Files.read("/proc/\(id)/task/\(id)/children") else { return [] }
        return list.split(separator: " ").compactMap { Int32($0) }
    }

    /// The keeper of a tunnel: the last child of `iptund up`.
    var keeper: Int32? {
        let words = (try? Files.read("/proc/\(id)/cmdline"))?.split(separator: "\0") ?? []
        return words.contains("up") ? children.last : nil
    }

    /// Ends it, gently at first, and its children with it.
    func clear() {
        let children = children
        signal(SIGTERM)
        if (try? wait()) != nil { return }
        signal(SIGKILL)
        _ = try? wait()
        for child in children where !Running.isGone(child) { kill(child, SIGKILL) }
    }

    /// Whether a process, not necessarily a child of ours, has ended; nobody may have waited for it yet.
    static func isGone(_ id: Int32) -> Bool {
        guard let status = try? Files.read("/proc/\(id)/status") else { return true }
        return status.contains("State:\tZ")
    }
}

/// A program ended that should have stayed.
struct EndedTooEarly: Error {
    let status: Int32
    let text: String
}
