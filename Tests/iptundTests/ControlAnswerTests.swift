// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing
@testable import iptund

@Suite struct ControlAnswerTests {
    @Test func `an answer has these names, sorted, and leaves out what there is not`() {
        #expect(ControlAnswer().json == #"{"schema":2}"#)
        #expect(ControlAnswer(.busy, "no").json == #"{"code":"busy","error":"no","schema":2}"#)
        let peers = ControlAnswer.Peers(added: 1, removed: 2, changed: 3, kept: 4)
        #expect(
            ControlAnswer(peers: peers).json
                == #"{"peers":{"added":1,"changed":3,"kept":4,"removed":2},"schema":2}"#)
    }

    @Test func `an answer that was written reads back the same`() throws {
        let peers = ControlAnswer.Peers(added: 1, removed: 2, changed: 3, kept: 4)
        let refusals = ControlAnswer.Code.allCases.map { ControlAnswer($0, "\"a\" \n ü") }
        for answer in [ControlAnswer(), ControlAnswer(peers: peers)] + refusals {
            #expect(try JSONDecoder().decode(ControlAnswer.self, from: Data(answer.json.utf8)) == answer)
        }
    }

    @Test func `a refusal with a code of a later version, or of an earlier one without any, is still a refusal`() {
        for text in [#"{"code":"too-late","error":"no","schema":2}"#, #"{"error":"no","schema":2}"#] {
            let answer = ControlAnswer(json: Array(text.utf8))
            #expect(answer?.code == .failed && answer?.error == "no")
        }
        #expect(ControlAnswer(json: Array(#"{"schema":2}"#.utf8))?.code == nil)
    }

    @Test func `the codes are those of the page, and their names stay`() throws {
        let codes = [
            "bad-attachment", "bad-configuration", "bad-request", "busy", "failed", "forbidden", "no-room",
            "unknown-request",
        ]
        #expect(ControlAnswer.Code.allCases.map(\.rawValue).sorted() == codes)
        let page = try Repository.lines(of: "docs/control.md").joined(separator: "\n")
        for code in codes { #expect(page.contains("| `\(code)` |")) }
    }
}
