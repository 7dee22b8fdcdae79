// SPDX-License-Identifier: Apache-2.0

/// One line of a configuration file: octets, and which column each belongs to.
struct ConfigurationLine {
    /// Without its end.
    let octets: ArraySlice<UInt8>
    /// What has a meaning: without the comment, and without white space around it.
    let content: ArraySlice<UInt8>
    private let file: String
    private let number: Int
    /// A place that is known already: columns are asked for from left to right.
    private var index: Int
    private var column = 1

    /// Line `number` of `file`.
    init(_ octets: ArraySlice<UInt8>, file: String, number: Int) {
        self.octets = octets
        self.file = file
        self.number = number
        index = octets.startIndex
        content = ConfigurationLine.trim(ConfigurationLine.withoutComment(octets))
    }

    /// Where an octet stands. Before the first one that was asked for, it is the first column.
    mutating func place(at wanted: Int) -> Place {
        if wanted < index { (index, column) = (octets.startIndex, 1) }
        // Every octet but the ones that continue a character begins one.
        for octet in octets[index..<wanted] where octet & 0xC0 != 0x80 { column += 1 }
        index = wanted
        return .file(file, line: number, column: column)
    }

    /// The first octet that no line may hold: a control character, tabs aside.
    var control: (index: Int, octet: UInt8)? {
        guard let index = octets.firstIndex(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) else { return nil }
        return (index, octets[index])
    }

    /// Where the line stops being UTF-8; `nil` for nowhere.
    var invalid: Int? {
        if octets.allSatisfy({ $0 < 0x80 }) || String(validating: octets, as: UTF8.self) != nil { return nil }
        var (decoder, iterator, index) = (UTF8(), octets.makeIterator(), octets.startIndex)
        while case .scalarValue(let scalar) = decoder.decode(&iterator) { index += UTF8.width(scalar) }
        return index
    }

    /// The elements of a list, without white space around them.
    static func elements(_ list: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        list.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map(trim)
    }

    /// Without white space at both ends.
    static func trim(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = octets.drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return start }
        return start[...last]
    }

    private static func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 }

    /// A comment begins with the line or after white space: `#` inside of a word is a part of it.
    private static func withoutComment(_ octets: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let start = octets.indices.first { index in
            octets[index] == UInt8(ascii: "#") && (index == octets.startIndex || isBlank(octets[index - 1]))
        }
        return octets[..<(start ?? octets.endIndex)]
    }
}
