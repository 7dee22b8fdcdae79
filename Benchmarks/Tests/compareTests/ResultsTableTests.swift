// SPDX-License-Identifier: Apache-2.0

import Comparison
import Testing

@Suite struct ResultsTableTests {
    private func lines(_ subjects: [SubjectResult]) -> [String] {
        ResultsTable(results(subjects)).text.split(separator: "\n").map(String.init)
    }

    @Test func `a cell has the median, the range, and the spread`() {
        #expect(ResultsTable.cell(Summary([1, 2, 1.5]), .tcp) == "1.50 (1.00-2.00, ×2.00)")
    }

    @Test func `one round has no range, a zero no spread, and nothing is a dash`() {
        #expect(ResultsTable.cell(Summary([1.5]), .tcp) == "1.50")
        #expect(ResultsTable.cell(Summary([0, 3]), .tcpRetransmits) == "2 (0-3)")
        #expect(ResultsTable.cell(nil, .tcp) == "-")
    }

    @Test func `iptund's ratio to each other subject is below the figures`() throws {
        let lines = lines([subject("socat", .tcp, [1, 2, 4]), subject("iptund", .tcp, [3, 4, 16])])
        let heading = try #require(lines.firstIndex { $0.hasPrefix("iptund's figure over") })
        #expect(lines[heading + 2].split(separator: " ").prefix(2) == ["socat", "3.00"])
        #expect(!lines[heading + 3].hasPrefix("iptund"))
    }

    @Test func `without iptund there are no ratios`() {
        #expect(!lines([subject("veth", .tcp, [1])]).contains { $0.hasPrefix("iptund's figure") })
    }

    @Test func `failures and what is missing are named with their reasons`() {
        var failed = subject("socat", .tcp, [1])
        failed.rounds[0].failures = [Failure(measurement: "UDP 64", reason: "iperf3: it was tired")]
        let lines = lines([failed])
        #expect(lines.contains("failed: socat, round 1, UDP 64: iperf3: it was tired"))
        #expect(lines.contains("not compared: fastd: not installed; apt-get install fastd"))
    }

    @Test(arguments: [(0.1, 0.0, false), (0.5, 0.0, true), (0.0, 0.5, true)])
    func `a run is called disturbed when others had much of the machine`(
        others: Double, stolen: Double, isDisturbed: Bool
    ) {
        var subject = subject("veth", .tcp, [1])
        subject.rounds[0].usage["ping"] = usage(others: others, stolen: stolen)
        #expect(lines([subject]).contains { $0.hasPrefix("This run was disturbed: in 1 of 1") } == isDisturbed)
    }

    @Test func `columns are as wide as their widest cell`() {
        var table = TextTable(header: ["", "one", "two"])
        table.add(["long name", "1", "22222"])
        #expect(table.text == "           one    two\nlong name    1  22222\n")
    }
}

@Suite struct DecimalsTests {
    @Test(arguments: [
        (0.005, 2, "0.01"), (1.999, 2, "2.00"), (-1.5, 1, "-1.5"), (-0.001, 2, "0.00"), (12345.4, 0, "12345"),
    ])
    func `numbers are rounded and padded`(value: Double, decimals: Int, text: String) {
        #expect(Decimals.text(value, decimals) == text)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity, 1e300])
    func `what is no number of ours does not crash`(value: Double) { #expect(Decimals.text(value, 2) == "?") }

    @Test(arguments: [(0, "0 s"), (-3, "0 s"), (99, "99 s"), (100, "2 min"), (121, "3 min")] as [(Double, String)])
    func `a time is told in seconds or minutes`(seconds: Double, text: String) {
        #expect(Decimals.time(seconds: seconds) == text)
    }
}
