// SPDX-License-Identifier: Apache-2.0

internal import Comparison
internal import Glibc

/// Tells on standard error how far we are: on a terminal in one line that is written again and again.
struct Progress {
    private let isTerminal = isatty(2) == 1
    private let begin = Waiting.clock
    private var estimate: Estimate

    /// - Parameter planned: seconds that everything should take.
    init(planned: Double) { estimate = Estimate(planned: planned) }

    /// What is done now.
    func tell(_ text: String) {
        let line = "\(text); about \(Decimals.time(seconds: estimate.remaining)) left"
        // Carriage return, and erase to the end of the line (ECMA-48 §8.3.41).
        standardError(isTerminal ? "\r\(line)\u{1b}[K" : "\(line)\n")
    }

    /// Something that stays to be read.
    func note(_ text: String) { standardError(isTerminal ? "\r\(text)\u{1b}[K\n" : "\(text)\n") }

    mutating func finish(planned: Double) { estimate.finish(planned: planned, elapsed: Waiting.clock - begin) }

    /// Leaves the line free for others.
    func end() { if isTerminal { standardError("\r\u{1b}[K") } }
}
