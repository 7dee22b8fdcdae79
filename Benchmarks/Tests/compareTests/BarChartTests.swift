// SPDX-License-Identifier: Apache-2.0

import Comparison
import Foundation
import FoundationXML
import Testing

@Suite struct BarChartTests {
    private func isWellFormed(_ svg: String) -> Bool { XMLParser(data: Data(svg.utf8)).parse() }

    @Test func `it is XML, whatever the names are`() {
        var odd = subject("a<b>&\"c\"", .tcp, [1, 2])
        odd.rounds[0][.undisturbedCPU] = 3
        #expect(isWellFormed(BarChart(results([odd])).svg))
        #expect(isWellFormed(BarChart(results([])).svg))
    }

    @Test func `it has colours for light and for dark`() {
        let svg = BarChart(results([subject("iptund", .tcp, [1])])).svg
        #expect(svg.contains("prefers-color-scheme: dark"))
        #expect(svg.contains("<rect class=\"hero speed\""))
    }

    @Test func `a whisker spans the range, where there is one`() {
        let one = BarChart(results([subject("veth", .tcp, [2])])).svg
        #expect(!one.contains("<path class=\"whisker\""))
        // The panel is 250 wide and begins at 110: half of it, and all of it.
        let two = BarChart(results([subject("veth", .tcp, [1, 2])])).svg
        #expect(two.contains("d=\"M235.0 75.0H360.0M235.0 72.0v6M360.0 72.0v6\""))
    }

    @Test func `a subject without a figure has no bar, and one without TCP no row`() {
        let chart = BarChart(results([subject("veth", .tcp, [2]), subject("broken", .udp64, [2])])).svg
        #expect(chart.contains(">veth<"))
        #expect(!chart.contains("broken"))
        // The legend's alone: what a text is cut into by one occurrence is two parts.
        #expect(chart.components(separatedBy: "<rect class=\"own\"").count == 2)
    }
}
