// SPDX-License-Identifier: Apache-2.0

/// The last values of something as a row of little bars.
struct Sparkline: Equatable {
    /// The oldest first.
    private(set) var values: [Double] = []

    /// How many are kept: as many as the widest terminals have room for.
    static let capacity = 120

    /// What bars are made of.
    enum Glyphs: String {
        case blocks = "▁▂▃▄▅▆▇█"
        /// For terminals that know no other characters.
        case ascii = "_.-:=+*#"

        /// Those that a terminal shows whose characters `locale` names: `de_DE.UTF-8`.
        init(locale: String) {
            let name = locale.lowercased()
            self = name.hasSuffix("utf-8") || name.hasSuffix("utf8") ? .blocks : .ascii
        }
    }

    mutating func append(_ value: Double) {
        values.append(value)
        if values.count > Sparkline.capacity { values.removeFirst() }
    }

    /// The last `width` values, the greatest of them as the highest bar, at the right end of `width` characters.
    ///
    /// Only 0 has the lowest bar: something is never shown as nothing.
    func text(width: Int, _ glyphs: Glyphs) -> String {
        let shown = values.suffix(max(width, 0))
        let bars = Array(glyphs.rawValue)
        let highest = shown.max() ?? 0
        let row = shown.map { value in
            if value <= 0 { return bars[0] }
            let height = Int((value / highest * Double(bars.count - 1)).rounded(.up))
            return bars[min(max(height, 1), bars.count - 1)]
        }
        return String(repeating: " ", count: max(width, 0) - row.count) + String(row)
    }
}
