// SPDX-License-Identifier: Apache-2.0

/// A rung of a ``SizeLadder``: lengths that are tried at once, and once more where there was no answer.
struct LadderRound: Equatable {
    var ladder: SizeLadder
    private var asked: [Int] = []
    private var tries = 0

    private static let mostTries = 2

    init(_ ladder: SizeLadder) { self.ladder = ladder }

    /// Goes on after the last lengths had their time.
    mutating func advance() {
        let missing = asked.filter { $0 > ladder.passing }
        if !missing.isEmpty, tries < LadderRound.mostTries {
            asked = missing
        } else {
            ladder.failed(missing)
            (asked, tries) = (ladder.next, 0)
        }
        tries += 1
    }

    /// What to send now; `nil` when the answer is known.
    var lengths: [Int]? { asked.isEmpty ? nil : asked }
}
