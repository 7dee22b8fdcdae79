// SPDX-License-Identifier: Apache-2.0

import Comparison
import Testing

@Suite struct ResultsFileTests {
    private func complaint(_ text: String) -> Complaint? {
        do throws(Complaint) { _ = try ResultsFile.results(in: text, name: "x.json") } catch { return error }
        return nil
    }

    @Test func `what is written is read`() throws {
        var written = results([subject("iptund", .tcp, [1, 2])])
        written.subjects[0].rounds[1].usage["ping"] = usage(others: 0.5)
        written.subjects[0].rounds[1].failures = [Failure(measurement: "UDP 64", reason: "why not")]
        written.subjects[0].rounds[0].pingMicroseconds = [200, 210.5]
        let text = try ResultsFile.text(of: written)
        #expect(try ResultsFile.results(in: text, name: "x.json") == written)
        #expect(text.contains("\"schema\" : 1"))
    }

    @Test(arguments: ["", "no JSON", "[]", "{}", #"{"schema": 1}"#, #"[{"name": "veth"}]"#])
    func `a foreign file is called foreign`(text: String) {
        #expect(complaint(text)?.description.hasPrefix("x.json: not a saved comparison; ") == true)
        #expect(complaint(text)?.exitCode == 2)
    }

    @Test func `another program's kind and schema are named`() {
        #expect(complaint(#"{"kind": "shopping", "schema": 1}"#)?.why.contains("'shopping'") == true)
        #expect(complaint(#"{"kind": "iptund-comparison", "schema": 9}"#)?.why.contains("schema 9") == true)
    }

    @Test func `a damaged file is called damaged, and where`() {
        let why = complaint(#"{"kind": "iptund-comparison", "schema": 1, "date": "today"}"#)?.why
        #expect(why == "damaged: see .machine")
    }
}
