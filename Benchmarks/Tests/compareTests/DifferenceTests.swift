// SPDX-License-Identifier: Apache-2.0

import Comparison
import Testing

@Suite struct DifferenceTests {
    private func verdict(_ figure: Figure, _ old: [Double], _ new: [Double]) throws -> Difference.Verdict {
        Difference(figure: figure, old: try #require(Summary(old)), new: try #require(Summary(new))).verdict
    }

    @Test func `ranges that overlap may differ by chance`() throws {
        #expect(try verdict(.tcp, [1, 2], [1.5, 3]) == .insideSpread)
    }

    @Test func `more throughput is better, more CPU is worse`() throws {
        #expect(try verdict(.tcp, [1, 2], [3, 4]) == .outsideSpread(isBetter: true))
        #expect(try verdict(.tcp, [3, 4], [1, 2]) == .outsideSpread(isBetter: false))
        #expect(try verdict(.tunnelCPU, [1, 2], [3, 4]) == .outsideSpread(isBetter: false))
        #expect(try verdict(.tunnelCPU, [3, 4], [1, 2]) == .outsideSpread(isBetter: true))
    }

    @Test(arguments: [([1], [5, 6]), ([1, 2], [5]), ([1], [5])] as [([Double], [Double])])
    func `one round cannot tell`(old: [Double], new: [Double]) throws {
        #expect(try verdict(.tcp, old, new) == .unknown)
    }

    @Test(arguments: [(1, 1, 1.0), (2, 2, 1.0 / 3), (3, 3, 0.1), (2, 3, 0.2)])
    func `few rounds are apart by chance more often than many`(one: Int, other: Int, chance: Double) {
        #expect(abs(Difference.chance(one, other) - chance) < 1e-9)
        #expect(abs(Difference.chance(other, one) - chance) < 1e-9)
    }

    @Test func `a ratio to nothing is none`() throws {
        let old = try #require(Summary([0])), new = try #require(Summary([1]))
        #expect(Difference(figure: .pacedLoss, old: old, new: new).ratio == nil)
    }

    @Test func `each common figure of each subject has a line with ratio, spreads and verdict`() throws {
        let old = results([subject("iptund", .tcp, [1, 2]), subject("vtun", .tcp, [1, 1])])
        let new = results([subject("iptund", .tcp, [3, 4.5]), subject("socat", .tcp, [1, 1])])
        let text = try DifferenceTable.text(old: old, new: new, newName: "new.json")
        let line = text.split(separator: "\n").first { $0.contains("TCP 1 stream, Gb/s") }
        let cells = line?.split(separator: " ").map(String.init)
        #expect(
            cells == [
                "TCP", "1", "stream,", "Gb/s", "1.50", "3.75", "2.500", "×2.00", "×1.50", "OUTSIDE", "the", "spread:",
                "better",
            ])
        #expect(text.contains("socat: only in the new results"))
        #expect(text.contains("vtun: only in the old results"))
    }

    @Test func `another machine is refused, as wrong usage, with what differs`() {
        let old = results([]), new = results([], machine: machine(cores: 8))
        do throws(Complaint) {
            _ = try DifferenceTable.text(old: old, new: new, newName: "new.json")
            Issue.record("it was not refused")
        } catch {
            #expect(error.exitCode == 2)
            #expect(error.description.hasPrefix("new.json: measured on another machine: cores 2 and 8; "))
        }
    }

    @Test func `other settings are pointed out`() throws {
        let text = try DifferenceTable.text(old: results([]), new: results([], seconds: 1), newName: "new.json")
        #expect(text.contains("Measured differently"))
    }
}
