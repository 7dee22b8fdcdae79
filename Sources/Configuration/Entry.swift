// SPDX-License-Identifier: Apache-2.0

/// One value that somebody wrote for a key; of a list, one element.
package struct Entry: Equatable, Sendable {
    /// What it is for.
    package let key: Key
    /// The value as it was written, without white space around it.
    package let text: String
    /// Where it begins.
    package let place: Place

    /// What somebody wrote in a file, or else on the command line.
    package init(_ key: Key, _ text: String, at place: Place = .flag) {
        self.key = key
        self.text = text
        self.place = place
    }

    /// The values of a flag that may be repeated, and holds several by comma.
    package static func list(_ key: Key, _ texts: [String]) -> [Entry] {
        texts.flatMap { $0.split(separator: ",", omittingEmptySubsequences: false) }.map { text in
            Entry(key, text.split(whereSeparator: \.isWhitespace).joined(separator: " "))
        }
    }

    /// `--mtu 'x'`, or `FILE:7:12: MTU 'x'`: what a complaint about the value begins with.
    package var what: String { place.locate("\(place.spell(key)) '\(text)'") }

    /// Why the value cannot be taken: wrong usage.
    package func refusal(why: String, whatNow: String) -> Complaint { .usage(what, why: why, whatNow: whatNow) }
}
