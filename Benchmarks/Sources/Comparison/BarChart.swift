// SPDX-License-Identifier: Apache-2.0

/// A picture of a comparison: TCP throughput on the left, CPU seconds per GB on the right, a row for each subject.
///
/// Hand-written SVG: no script, no font but the reader's, and colours for light and dark.
package struct BarChart {
    /// What one bar shows: the figure, and the class that colours it.
    private struct Series {
        let figure: Figure
        let style: String
    }

    /// One half of the picture.
    private struct Panel {
        let title: String
        let left: Double
        let series: [Series]
    }

    private static let rowHeight = 34.0
    private static let top = 58.0
    private static let names = 110.0
    private static let width = 250.0
    /// Between the panels; numbers stand there too.
    private static let gap = 120.0

    private static let panels = [
        Panel(
            title: "TCP, 1 stream: Gb/s (more is better)", left: names, series: [Series(figure: .tcp, style: "speed")]),
        Panel(
            title: "CPU seconds per GB (less is better)", left: names + width + gap,
            series: [Series(figure: .undisturbedCPU, style: "system"), Series(figure: .tunnelCPU, style: "own")]),
    ]

    private let results: Results
    private let subjects: [SubjectResult]

    package init(_ results: Results) {
        self.results = results
        subjects = results.subjects.filter { $0.summary(.tcp) != nil }
    }

    package var svg: String {
        let total = BarChart.names + 2 * (BarChart.width + BarChart.gap)
        let bottom = BarChart.top + Double(subjects.count) * BarChart.rowHeight
        let size = "\(number(total)) \(number(bottom + 50))"
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(size)\" role=\"img\" "
                + "font-family=\"system-ui, sans-serif\" font-size=\"12\">",
            "<title>Throughput and CPU of tunnels, \(escaped(results.date))</title>",
            BarChart.style,
            "<rect class=\"paper\" width=\"100%\" height=\"100%\"/>",
        ]
        for (row, subject) in subjects.enumerated() {
            let weight = subject.name == ResultsTable.hero ? " font-weight=\"bold\"" : ""
            lines.append(text(BarChart.names - 8, rowMiddle(row) + 4, subject.name, "text-anchor=\"end\"" + weight))
        }
        for panel in BarChart.panels { lines += draw(panel, bottom: bottom) }
        lines += legend(y: bottom + 20)
        lines.append(text(BarChart.names, bottom + 38, footnote, "class=\"faint\" font-size=\"10\""))
        return (lines + ["</svg>", ""]).joined(separator: "\n")
    }

    private static let style = """
        <style>
        .paper { fill: #ffffff } text { fill: #1f2328 } .faint { fill: #59636e } .axis { stroke: #d1d9e0 }
        .whisker { stroke: #1f2328; fill: none } .speed { fill: #8fb3d9 } .hero.speed { fill: #0969da }
        .system { fill: #d0d7de } .own { fill: #e0a070 } .hero.own { fill: #bc4c00 }
        @media (prefers-color-scheme: dark) {
        .paper { fill: #0d1117 } text { fill: #e6edf3 } .faint { fill: #9198a1 } .axis { stroke: #3d444d }
        .whisker { stroke: #e6edf3 } .speed { fill: #3d5a80 } .hero.speed { fill: #4493f8 }
        .system { fill: #3d444d } .own { fill: #8a5a33 } .hero.own { fill: #f0883e }
        }
        </style>
        """

    private func draw(_ panel: Panel, bottom: Double) -> [String] {
        let values = panel.series.flatMap { series in subjects.compactMap { $0.summary(series.figure)?.maximum } }
        guard let largest = values.max(), largest > 0 else { return [] }
        let scale = BarChart.width / largest
        let axis = "<line class=\"axis\" x1=\"\(number(panel.left))\" x2=\"\(number(panel.left))\" "
        var lines = [
            text(panel.left, BarChart.top - 18, panel.title, "font-weight=\"bold\""),
            axis + "y1=\"\(number(BarChart.top - 6))\" y2=\"\(number(bottom))\"/>",
        ]
        for (row, subject) in subjects.enumerated() {
            let height = 22 / Double(panel.series.count)
            for (index, series) in panel.series.enumerated() {
                guard let summary = subject.summary(series.figure) else { continue }
                let y = rowMiddle(row) - 11 + Double(index) * height
                let hero = subject.name == ResultsTable.hero ? "hero " : ""
                let length = summary.median * scale
                lines.append(bar(hero + series.style, x: panel.left, y: y, length: length, height: height))
                lines += whisker(summary, x: panel.left, y: y + height / 2, scale: scale)
                let label = series.figure.text(summary.median)
                lines.append(
                    text(panel.left + summary.maximum * scale + 6, y + height / 2 + 4, label, "font-size=\"11\""))
            }
        }
        return lines
    }

    private func bar(_ style: String, x: Double, y: Double, length: Double, height: Double) -> String {
        "<rect class=\"\(style)\" x=\"\(number(x))\" y=\"\(number(y))\" width=\"\(number(length))\" "
            + "height=\"\(number(height - 1))\"/>"
    }

    /// From minimum to maximum, where there is more than one round.
    private func whisker(_ summary: Summary, x: Double, y: Double, scale: Double) -> [String] {
        guard summary.count > 1 else { return [] }
        let (from, to) = (x + summary.minimum * scale, x + summary.maximum * scale)
        let ends = [from, to].map { "M\(number($0)) \(number(y - 3))v6" }.joined()
        return ["<path class=\"whisker\" d=\"M\(number(from)) \(number(y))H\(number(to))\(ends)\"/>"]
    }

    private func legend(y: Double) -> [String] {
        let left = BarChart.panels[1].left
        return [
            bar("system", x: left, y: y - 9, length: 10, height: 11),
            text(left + 15, y, "system without other programs", "font-size=\"11\""),
            bar("own", x: left + 195, y: y - 9, length: 10, height: 11),
            text(left + 210, y, "its own processes", "font-size=\"11\""),
        ]
    }

    private var footnote: String {
        let rounds = results.settings.rounds
        let machine = results.machine
        return "Median\(rounds > 1 ? " and range of \(rounds) rounds" : " of 1 round"), "
            + "\(results.settings.seconds) s each. "
            + "\(machine.processor), \(machine.cores) cores, Linux \(machine.kernelRelease). \(results.date)"
    }

    private func rowMiddle(_ row: Int) -> Double { BarChart.top + (Double(row) + 0.5) * BarChart.rowHeight }

    private func text(_ x: Double, _ y: Double, _ content: String, _ attributes: String) -> String {
        "<text x=\"\(number(x))\" y=\"\(number(y))\" \(attributes)>\(escaped(content))</text>"
    }

    private func number(_ value: Double) -> String { Decimals.text(value, 1) }

    /// Names come from files that anybody may have written.
    private func escaped(_ text: String) -> String {
        text.reduce(into: "") { result, character in
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            default: result.append(character)
            }
        }
    }
}
