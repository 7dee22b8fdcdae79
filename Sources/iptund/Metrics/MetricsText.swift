// SPDX-License-Identifier: Apache-2.0

/// Metrics in the text format of Prometheus, version 0.0.4.
enum MetricsText {
    /// All families, or the ones given, each with HELP and TYPE; those without a value are left out.
    static func text(_ input: MetricsInput, families: [MetricFamily] = MetricFamily.all) -> String {
        var text = ""
        for family in families {
            let samples = family.samples(input)
            if samples.isEmpty { continue }
            text += "# HELP \(family.name) \(escapedHelp(family.help))\n"
            text += "# TYPE \(family.name) \(family.kind.rawValue)\n"
            for sample in samples { text += "\(family.name)\(labels(family, sample)) \(number(sample.value))\n" }
        }
        return text
    }

    /// `{tunnel="b",peer="a \"quoted\" one"}`; an empty value is as good as no label, and is left out.
    private static func labels(_ family: MetricFamily, _ sample: MetricFamily.Sample) -> String {
        let pairs = zip(family.labels, sample.labels).filter { !$0.1.isEmpty }
        if pairs.isEmpty { return "" }
        return "{" + pairs.map { "\($0.0)=\"\(escapedLabel($0.1))\"" }.joined(separator: ",") + "}"
    }

    /// A label's value as it stands between quotation marks. Names that others chose may hold anything, so what would
    /// move a terminal's cursor is shown instead (``Swift/StringProtocol/printable``).
    static func escapedLabel(_ value: String) -> String {
        value.printable.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }

    private static func escapedHelp(_ help: String) -> String {
        help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }

    /// A number without a needless fraction: octets and packets are whole ones.
    static func number(_ value: Double) -> String {
        if let whole = Int64(exactly: value) { return "\(whole)" }
        return "\(value)"
    }
}
