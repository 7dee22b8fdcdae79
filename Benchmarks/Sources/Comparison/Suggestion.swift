// SPDX-License-Identifier: Apache-2.0

/// What somebody may have meant.
package enum Suggestion {
    /// The names that are at most three changes away from `word`, the nearest first.
    package static func nearest(to word: String, in names: [String]) -> [String] {
        let word = word.lowercased()
        return names.map { (name: $0, distance: distance(word, $0.lowercased())) }
            .filter { $0.distance <= 3 || $0.name.hasPrefix(word) && !word.isEmpty }
            .sorted { $0.distance < $1.distance }
            .map(\.name)
    }

    /// The names in a list like `veth,iptund`, each once and in that order.
    /// - Throws: what is unknown, and what may have been meant.
    package static func chosen(_ list: String, from names: [String]) throws(Complaint) -> [String] {
        var chosen: [String] = []
        for word in list.split(whereSeparator: { $0 == "," || $0 == " " }).map(String.init) {
            guard names.contains(word) else {
                let near = nearest(to: word, in: names)
                let all = "choose from \(names.joined(separator: ", "))"
                let question = "did you mean \(near.joined(separator: ", "))?"
                throw .usage(
                    "--subjects", why: "there is no subject '\(word)'", whatNow: near.isEmpty ? all : question)
            }
            if !chosen.contains(word) { chosen.append(word) }
        }
        guard !chosen.isEmpty else {
            throw .usage("--subjects", why: "names none", whatNow: "choose from \(names.joined(separator: ", "))")
        }
        return chosen
    }

    /// How many letters have to be put in, taken out or changed (Levenshtein).
    package static func distance(_ one: String, _ other: String) -> Int {
        var row = Array(0...other.count)
        for (line, letter) in one.enumerated() {
            var diagonal = row[0]
            row[0] = line + 1
            for (column, otherLetter) in other.enumerated() {
                let change = diagonal + (letter == otherLetter ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(change, row[column] + 1, diagonal + 1)
            }
        }
        return row[other.count]
    }
}
