// SPDX-License-Identifier: Apache-2.0

internal import Dispatch
internal import Linux

/// Asks `iptund metrics`, one at a time, and once a second at most: many scrapers cost no more than one.
actor Scraper {
    /// What came of it.
    enum Answer: Sendable {
        case metrics(String)
        /// Why there are none, for a person.
        case failure(String)
    }

    private let program: String
    private var last: (answer: Answer, milliseconds: UInt64)?
    private var running: Task<Answer, Never>?

    /// How long an answer is good for, milliseconds.
    private static let freshness: UInt64 = 1000
    /// Below the ten seconds that Prometheus waits, so that it learns the reason.
    private static let patienceSeconds = 8
    /// Ten thousand peers print 20 MiB.
    private static let outputLimit = 64 << 20

    init(program: String) { self.program = program }

    /// The metrics of this moment, or of the last second.
    func scrape() async -> Answer {
        if let last, Clock.milliseconds - last.milliseconds < Scraper.freshness { return last.answer }
        if let running { return await running.value }
        let program = program
        let task = Task {
            // A wait for a child has no place among the few threads that serve.
            await withCheckedContinuation { continuation in
                DispatchQueue.global().async { continuation.resume(returning: Scraper.ask(program)) }
            }
        }
        running = task
        let answer = await task.value
        running = nil
        last = (answer, Clock.milliseconds)
        return answer
    }

    private static func ask(_ program: String) -> Answer {
        do throws(Errno) {
            let ending = try ChildProcess.run(
                [program, "metrics"], milliseconds: UInt64(patienceSeconds) * 1000, octets: outputLimit)
            // 3: some tunnel did not answer, and the metrics say which.
            if [0, 3].contains(ending.status) { return .metrics(ending.output) }
            let said = ending.errors.split(separator: "\n").joined(separator: "; ")
            return .failure(said.isEmpty ? "'\(program) metrics' ended with \(ending.status)" : said)
        } catch {
            return .failure("'\(program) metrics' failed: \(error)")
        }
    }
}
