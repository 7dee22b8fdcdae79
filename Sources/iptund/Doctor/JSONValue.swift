// SPDX-License-Identifier: Apache-2.0

/// Any JSON, for documents of other programs (RFC 8259).
enum JSONValue: Equatable {
    case null
    case bool(Bool)
    /// A whole number; a fraction is rounded.
    case number(Int)
    case text(String)
    case list([JSONValue])
    case object([String: JSONValue])

    /// Reads a document in time that is proportional to its length.
    /// - Throws: where it is no JSON, or nested deeper than ``JSONReader/mostNesting``.
    init(_ text: String) throws(JSONReader.Malformed) {
        var reader = JSONReader(text)
        self = try reader.document()
    }

    /// The member of an object; `nil` where there is none.
    subscript(name: String) -> JSONValue? {
        if case .object(let members) = self { members[name] } else { nil }
    }

    var text: String? { if case .text(let value) = self { value } else { nil } }
    var number: Int? { if case .number(let value) = self { value } else { nil } }
    var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    var list: [JSONValue]? { if case .list(let value) = self { value } else { nil } }

    /// The one member of an object that has one: nft writes the kind of a thing so.
    var only: (name: String, value: JSONValue)? {
        guard case .object(let members) = self, members.count == 1, let member = members.first else { return nil }
        return (member.key, member.value)
    }
}

/// Reads JSON octet by octet. `JSONDecoder` needs a type for each value, and takes seconds to try them all on a large ruleset.
struct JSONReader {
    /// The text is no JSON, or nested too deeply.
    struct Malformed: Error {}

    /// Lists and objects within each other.
    static let mostNesting = 64

    private let octets: [UInt8]
    private var index = 0

    init(_ text: String) { octets = Array(text.utf8) }

    mutating func document() throws(Malformed) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard index == octets.count else { throw Malformed() }
        return value
    }

    private mutating func value(depth: Int) throws(Malformed) -> JSONValue {
        guard depth <= JSONReader.mostNesting else { throw Malformed() }
        skipSpace()
        guard index < octets.count else { throw Malformed() }
        switch octets[index] {
        case UInt8(ascii: "{"): return .object(try members(depth))
        case UInt8(ascii: "["): return .list(try elements(depth))
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func members(_ depth: Int) throws(Malformed) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        index += 1
        if take("}") { return members }
        repeat {
            skipSpace()
            let name = try string()
            guard take(":") else { throw Malformed() }
            members[name] = try value(depth: depth + 1)
        } while take(",")
        guard take("}") else { throw Malformed() }
        return members
    }

    private mutating func elements(_ depth: Int) throws(Malformed) -> [JSONValue] {
        var elements: [JSONValue] = []
        index += 1
        if take("]") { return elements }
        repeat { elements.append(try value(depth: depth + 1)) } while take(",")
        guard take("]") else { throw Malformed() }
        return elements
    }

    private mutating func string() throws(Malformed) -> String {
        guard index < octets.count, octets[index] == UInt8(ascii: "\"") else { throw Malformed() }
        index += 1
        var text: [UInt8] = []
        while index < octets.count {
            let octet = octets[index]
            index += 1
            switch octet {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text += try escaped()
            default: text.append(octet)
            }
        }
        throw Malformed()
    }

    /// The octets that stand behind a backslash. Half of a surrogate pair becomes a replacement character.
    private mutating func escaped() throws(Malformed) -> [UInt8] {
        guard index < octets.count else { throw Malformed() }
        let octet = octets[index]
        index += 1
        switch octet {
        case UInt8(ascii: "n"): return [10]
        case UInt8(ascii: "t"): return [9]
        case UInt8(ascii: "r"): return [13]
        case UInt8(ascii: "b"): return [8]
        case UInt8(ascii: "f"): return [12]
        case UInt8(ascii: "u"):
            guard index + 4 <= octets.count,
                let code = UInt32(String(decoding: octets[index..<index + 4], as: UTF8.self), radix: 16)
            else { throw Malformed() }
            index += 4
            return Array(String(Unicode.Scalar(code).map(Character.init) ?? "\u{fffd}").utf8)
        default: return [octet]
        }
    }

    private mutating func number() throws(Malformed) -> Int {
        let start = index
        while index < octets.count, "+-.eE0123456789".utf8.contains(octets[index]) { index += 1 }
        let text = String(decoding: octets[start..<index], as: UTF8.self)
        if let whole = Int(text) { return whole }
        guard let value = Double(text) else { throw Malformed() }
        return Int(exactly: value.rounded()) ?? 0
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(Malformed) -> JSONValue {
        let expected = Array("\(word)".utf8)
        guard octets[index...].starts(with: expected) else { throw Malformed() }
        index += expected.count
        return value
    }

    /// Passes over `character`, if it comes next.
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipSpace()
        guard index < octets.count, octets[index] == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while index < octets.count, octets[index] <= 32 { index += 1 }
    }
}
