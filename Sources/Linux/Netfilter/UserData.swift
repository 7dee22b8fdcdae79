// SPDX-License-Identifier: Apache-2.0

/// What `nft` keeps beside tables and rules, such as comments: pieces of a type, a length, and so many octets.
enum UserData {
    /// A comment, which is of type 0 for tables and for rules, and ends with a zero.
    static func comment(_ text: String) -> [UInt8] {
        let octets = Array(text.utf8.prefix(Int(UInt8.max) - 1)) + [0]
        return [0, UInt8(octets.count)] + octets
    }

    /// The comment among these pieces; `nil` if there is none.
    static func comment(_ pieces: [UInt8]) -> String? {
        var rest = pieces[...]
        while rest.count >= 2, let type = rest.popFirst(), let length = rest.popFirst(), rest.count >= Int(length) {
            if type == 0 { return String(decoding: rest.prefix(Int(length)).prefix { $0 != 0 }, as: UTF8.self) }
            rest = rest.dropFirst(Int(length))
        }
        return nil
    }
}
