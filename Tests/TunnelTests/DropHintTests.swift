// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel

@Suite struct DropHintTests {
    @Test(arguments: Drop.allCases) func `every drop is explained in one sentence and a hint`(drop: Drop) {
        let (sentence, hint) = drop.explanation
        #expect(sentence.count >= 10 && sentence.count <= 80)
        #expect(hint.count >= 5 && hint.count <= 80)
        // They are printed behind a colon, side by side: one line each, no full stop.
        #expect(!sentence.contains("\n") && !hint.contains("\n"))
        #expect(sentence.last != "." && hint.last != ".")
    }

    @Test func `no two sentences are the same`() {
        #expect(Set(Drop.allCases.map(\.explanation.sentence)).count == Drop.allCases.count)
    }
}
