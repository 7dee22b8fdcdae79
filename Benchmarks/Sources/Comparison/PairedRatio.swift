// SPDX-License-Identifier: Apache-2.0

/// How one subject stands to another, round by round: what disturbs a whole round disturbs both, and cancels out.
package enum PairedRatio {
    /// The ratio of `one` to `other` in each round that has both, in short; `nil` when none has.
    package static func summary(_ figure: Figure, of one: SubjectResult, to other: SubjectResult) -> Summary? {
        let theirs = Dictionary(other.rounds.map { ($0.round, $0) }, uniquingKeysWith: { first, _ in first })
        return Summary(
            one.rounds.compactMap { round in
                guard let ours = round[figure], let their = theirs[round.round]?[figure], their > 0 else { return nil }
                return ours / their
            })
    }
}
