// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Questions to running tunnels, several at a time, with an end to the waiting for them.
enum ControlConnection {
    /// How long tunnels may take.
    struct Patience {
        /// Until the answer is there, milliseconds, and as long as no more than a MiB of it has come.
        let milliseconds: UInt64
        /// For each MiB of it, milliseconds: long ones must not fail where the host is busy.
        var perMiB: UInt64 = 0

        /// The longest, whatever comes, milliseconds.
        static let most: UInt64 = 15_000

        /// For the tunnel that a command is about.
        static let subject = Patience(milliseconds: 2_000, perMiB: 1_000)
        /// For all others together.
        static let others = Patience(milliseconds: 1_000)
        /// For a new configuration, which may have ten thousand peers. Who gave up too early would take back changes that
        /// the tunnel is about to rely on.
        static let reload = Patience(milliseconds: most)

        /// When it ends, milliseconds of ``Clock``, after so many octets.
        fileprivate func end(from start: UInt64, received octets: Int) -> UInt64 {
            start + min(milliseconds + perMiB * UInt64(octets >> 20), Patience.most)
        }
    }

    /// How many connections there are at a time.
    private static let crowd = 64
    /// How long a tunnel is left alone that has no room for one more in its queue, milliseconds.
    private static let pause: UInt64 = 10

    /// Asks all of `questions`, and waits until each has an outcome, or until time is over.
    static func ask(_ questions: [ControlQuestion], _ patience: Patience) {
        let start = Clock.milliseconds
        while true {
            let open = questions.filter { $0.outcome == nil }.prefix(crowd)
            if open.isEmpty { return }
            var interests = open.map(\.interest)
            let now = Clock.milliseconds
            let ends = open.map { patience.end(from: start, received: $0.received) }
            let wait = open.contains(where: \.isInQueue) ? pause : (ends.min() ?? now).subtractingDownToZero(now)
            for (question, end) in zip(open, ends) where end <= now { question.giveUp(.timedOut) }
            do throws(Errno) {
                try Poll.wait(for: &interests, timeoutMilliseconds: Int32(clamping: wait))
            } catch {
                for question in open { question.giveUp(error) }
            }
            for (question, interest) in zip(open, interests) where question.outcome == nil {
                if interest.isReady || question.isInQueue { question.advance() }
            }
        }
    }

    /// Sends one line, and returns all that comes back.
    /// - Throws: `Errno.noSuchFile`, `Errno.connectionRefused` when nobody is there; `Errno.timedOut`;
    ///   `Errno.fileTooLarge` when it says too much; `Errno.connectionReset` when the tunnel ended before it answered.
    static func ask(_ question: ControlQuestion, _ patience: Patience = .subject) throws(Errno) -> [UInt8] {
        ask([question], patience)
        guard let outcome = question.outcome else { throw .timedOut }
        return try outcome.get()
    }

    /// The same for a request that changes something.
    static func order(
        _ path: String, _ line: String, _ patience: Patience = .subject
    ) throws(Errno) -> ControlAnswer {
        try decoded(try ask(ControlQuestion(path, line), patience))
    }

    /// The same, handing over a sealed memory file.
    static func order(
        _ path: String, _ line: String, handing attachment: consuming Descriptor
    ) throws(Errno) -> ControlAnswer {
        try decoded(try ask(ControlQuestion(path, line, handing: attachment), .reload))
    }

    private static func decoded(_ bytes: [UInt8]) throws(Errno) -> ControlAnswer {
        guard let answer = ControlAnswer(json: bytes) else { throw .protocolError }
        return answer
    }
}

extension UInt64 {
    fileprivate func subtractingDownToZero(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
}
