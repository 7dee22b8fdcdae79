// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing
@testable import iptund

@Suite struct ControlAnswerTests {
    @Test func `an answer has these names, sorted, and leaves out what there is not`() {
        #expect(ControlAnswer().json == #"{"schema":2}"#)
        #expect(ControlAnswer(error: "no").json == #"{"error":"no","schema":2}"#)
        let peers = ControlAnswer.Peers(added: 1, removed: 2, changed: 3, kept: 4)
        #expect(
            ControlAnswer(peers: peers).json
                == #"{"peers":{"added":1,"changed":3,"kept":4,"removed":2},"schema":2}"#)
    }

    @Test func `an answer that was written reads back the same`() throws {
        let peers = ControlAnswer.Peers(added: 1, removed: 2, changed: 3, kept: 4)
        for answer in [ControlAnswer(), ControlAnswer(error: "\"a\" \n ü", peers: peers)] {
            #expect(try JSONDecoder().decode(ControlAnswer.self, from: Data(answer.json.utf8)) == answer)
        }
    }
}
