// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing
@testable import iptund

@Suite struct CheckTests {
    private func interpret(_ text: String) -> Interpretation {
        Interpretation(ConfigurationText.read(Array(text.utf8), file: "f"))
    }

    @Test(arguments: [
        ("[Interface]\nDevice = b\n[Peer]\nEndpoint = b", "1 peer, device b"),
        ("[Interface]\nOnly = decapsulate\nAcceptFrom = any", "0 peers"),
    ])
    func `a file that is fine is told from one that is not`(text: String, summary: String) {
        #expect(Check.praise("f", interpret(text).settings) == "f: fine: \(summary)")
    }

    @Test func `each mistake has a line, up to twenty`() {
        let lines = Check.lines(about: interpret(String(repeating: "x\n", count: 20)).mistakes)
        #expect(lines.count == 20)
        #expect(lines[19] == "f:20:1: 'x': neither [Section] nor Key = value; a comment begins with #")
        #expect(Check.lines(about: interpret(String(repeating: "x\n", count: 23)).mistakes).last == "... and 3 more")
        let many = Check.lines(about: interpret(String(repeating: "x\n", count: 1_000)).mistakes)
        #expect(many.count == 21 && many.last == "... and at least 80 more")
    }
}
