// SPDX-License-Identifier: Apache-2.0

/// Rows of text in columns: the first one flush left, the others flush right, as numbers are read.
package struct TextTable {
    private var rows: [[String]]
    private let leftColumns: Int

    /// - Parameter leftColumns: how many columns are words, from the left.
    package init(header: [String], leftColumns: Int = 1) {
        rows = [header]
        self.leftColumns = leftColumns
    }

    package mutating func add(_ row: [String]) { rows.append(row) }

    /// Nothing below the header.
    package var isEmpty: Bool { rows.count == 1 }

    package var text: String {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                line += column == 0 ? "" : "  "
                line += column < leftColumns ? cell + padding : padding + cell
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }.joined()
    }
}
