// SPDX-License-Identifier: Apache-2.0

import Comparison
import Testing

@Suite struct SuggestionTests {
    private let names = ["veth", "kernel-ipip", "iptund", "socat", "vtun", "wireguard-go"]

    @Test(arguments: [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("same", "same", 0), ("ab", "ba", 2)])
    func `the distance counts letters put in, taken out and changed`(one: String, other: String, distance: Int) {
        #expect(Suggestion.distance(one, other) == distance)
    }

    @Test(arguments: [("socta", "socat"), ("IPTUNDD", "iptund"), ("wire", "wireguard-go"), ("kernel", "kernel-ipip")])
    func `a slip and a beginning are recognised`(word: String, meant: String) {
        #expect(Suggestion.nearest(to: word, in: names).first == meant)
    }

    @Test func `a list keeps its order, and names everybody once`() throws {
        #expect(try Suggestion.chosen("vtun, veth,vtun", from: names) == ["vtun", "veth"])
    }

    @Test func `an unknown name asks for what was meant`() {
        #expect { try Suggestion.chosen("veth,vtum", from: names) } throws: { error in
            guard let complaint = error as? Complaint else { return false }
            return complaint.exitCode == 2 && complaint.why == "there is no subject 'vtum'"
                && complaint.whatNow.hasPrefix("did you mean vtun")
        }
    }

    @Test(arguments: ["", ",", "something-else-entirely"])
    func `where nothing comes near, everybody is named`(list: String) {
        #expect { try Suggestion.chosen(list, from: names) } throws: {
            ($0 as? Complaint)?.whatNow == "choose from \(names.joined(separator: ", "))"
        }
    }
}

@Suite struct EstimateTests {
    @Test func `before anything is done, the plan counts`() { #expect(Estimate(planned: 300).remaining == 300) }

    @Test func `what takes twice as long as planned makes the rest longer, the more is done`() {
        var early = Estimate(planned: 200), late = Estimate(planned: 200)
        early.finish(planned: 1, elapsed: 2)
        late.finish(planned: 100, elapsed: 200)
        #expect(early.remaining > 199 && early.remaining < 220)
        #expect(late.remaining > 180 && late.remaining < 200)
    }

    @Test func `the end is the end, however long it took`() {
        var estimate = Estimate(planned: 10)
        estimate.finish(planned: 12, elapsed: 100)
        #expect(estimate.remaining == 0)
    }
}
