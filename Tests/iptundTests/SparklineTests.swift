// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import iptund

@Suite struct SparklineTests {
    private func row(_ values: Double...) -> Sparkline {
        var row = Sparkline()
        for value in values { row.append(value) }
        return row
    }

    @Test func `the highest value is the highest bar, and only nothing is the lowest`() {
        #expect(row(0, 1, 500, 1000).text(width: 4, .blocks) == "▁▂▅█")
        #expect(row(0, 1, 500, 1000).text(width: 4, .ascii) == "_.=#")
        #expect(row(0, 0).text(width: 2, .blocks) == "▁▁")
    }

    @Test func `the last values are at the right end`() {
        #expect(row(1).text(width: 3, .blocks) == "  █")
        #expect(row(9, 9, 0, 0).text(width: 2, .blocks) == "▁▁")
        #expect(row(1).text(width: 0, .blocks).isEmpty)
        #expect(row(1).text(width: -1, .blocks).isEmpty)
        #expect(Sparkline().text(width: 2, .blocks) == "  ")
    }

    @Test func `old values are forgotten`() {
        var long = Sparkline()
        for value in 0..<1000 { long.append(Double(value)) }
        #expect(long.values.count == Sparkline.capacity)
        #expect(long.values.last == 999)
    }

    @Test(arguments: [("de_DE.UTF-8", Sparkline.Glyphs.blocks), ("C.utf8", .blocks), ("C", .ascii), ("", .ascii)])
    func `who knows no other characters gets plain ones`(locale: String, glyphs: Sparkline.Glyphs) {
        #expect(Sparkline.Glyphs(locale: locale) == glyphs)
    }
}
