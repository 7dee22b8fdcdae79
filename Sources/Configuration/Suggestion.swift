// SPDX-License-Identifier: Apache-2.0

/// What somebody may have meant.
package enum Suggestion {
    /// The name that is nearest to `word`, if it is near enough to be a slip of the finger.
    package static func nearest(to word: String, in names: [String]) -> String? {
        let word = word.lowercased()
        // Also a bound for the time that this takes.
        guard (2...32).contains(word.utf8.count) else { return nil }
        let slips = names.map { (name: $0, distance: distance(word, $0.lowercased())) }
        let allowed = max(1, word.count / 3)
        return slips.filter { $0.distance <= allowed || $0.name.lowercased().hasPrefix(word) }
            .min { $0.distance < $1.distance }?.name
    }

    /// A question about what was meant, or else the answer to all of them: what there is.
    package static func whatNow(_ word: String, in names: [String]) -> String {
        if let name = nearest(to: word, in: names) { return "did you mean '\(name)'?" }
        return "there are \(names.joined(separator: ", "))"
    }

    /// How many letters have to be put in, taken out, changed, or swapped with their neighbour.
    static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one), Array(other))
        var before: [Int] = []
        var row = Array(0...other.count)
        for line in one.indices {
            var next = [line + 1]
            for column in other.indices {
                let change = row[column] + (one[line] == other[column] ? 0 : 1)
                var least = min(change, row[column + 1] + 1, next[column] + 1)
                if line > 0, column > 0, one[line] == other[column - 1], one[line - 1] == other[column] {
                    least = min(least, before[column - 1] + 1)
                }
                next.append(least)
            }
            (before, row) = (row, next)
        }
        return row[other.count]
    }
}
