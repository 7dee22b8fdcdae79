// SPDX-License-Identifier: Apache-2.0

/// The text of a configuration file, in the shape of wg-quick's: `[Section]`, `Key = value`, `#` comments.
package enum ConfigurationText {
    /// The longest file that is read, octets.
    package static let sizeLimit = 64 << 20
    /// The longest line that is read, octets.
    package static let lineLimit = 64 << 10

    /// Takes a file apart. What is wrong with it becomes a mistake of the draft, and the rest is read all the same.
    ///
    /// `file` is what places are called by. Takes time in proportion to the number of octets.
    package static func read(_ octets: [UInt8], file: String) -> Draft {
        var reader = ConfigurationReader(file: file)
        guard octets.count <= sizeLimit else {
            reader.refuse("the file", why: "longer than \(sizeLimit >> 20) MiB", whatNow: "is it the right one?")
            return reader.draft
        }
        var rest = octets[...]
        // What some editors begin a file with to say that it is UTF-8.
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
            var line = rest[..<end]
            if line.last == UInt8(ascii: "\r") { line = line.dropLast() }
            reader.read(line)
            rest = rest[end...].dropFirst()
        }
        return reader.draft
    }
}
