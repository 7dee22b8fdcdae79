// SPDX-License-Identifier: Apache-2.0

internal import Comparison
internal import Glibc

/// A command that is run to its end.
enum Command {
    /// Runs a line of words without blanks in them.
    @discardableResult
    static func run(_ line: String) throws -> String { try run(line.split(separator: " ").map(String.init)) }

    /// - Returns: what it printed.
    /// - Throws: what it said when it failed, or that it took longer than `seconds`.
    @discardableResult
    static func run(_ words: [String], seconds: Double = 30) throws -> String {
        let child = try Child(words)
        do {
            guard try Waiting.until(seconds: seconds, { child.poll() != nil }) else {
                throw complaint(words, "did not end within \(Decimals.time(seconds: seconds))")
            }
        } catch {
            Ending.end([child])
            throw error
        }
        guard child.status == 0 else { throw complaint(words, child.lastWords) }
        return child.text
    }

    private static func complaint(_ words: [String], _ why: String) -> Complaint {
        Complaint("'\(words.joined(separator: " "))'", why: why, whatNow: "try it by hand")
    }
}

/// How programs are ended: asked first, forced after three seconds.
enum Ending {
    private static let patience = 3.0

    static func end(_ children: [Child]) {
        for child in children { child.signal(SIGTERM) }
        let allEnded = { children.allSatisfy { $0.poll() != nil } }
        if Waiting.patiently(seconds: patience, allEnded) { return }
        for child in children { child.signal(SIGKILL) }
        _ = Waiting.patiently(seconds: patience, allEnded)
    }

    /// The same for processes that our children left behind; `remaining` tells which there are still.
    static func endStrays(_ remaining: () -> [Int32]) {
        for signal in [SIGTERM, SIGKILL] {
            let strays = remaining()
            if strays.isEmpty { return }
            for id in strays { kill(id, signal) }
            _ = Waiting.patiently(seconds: patience) { remaining().isEmpty }
        }
    }
}
