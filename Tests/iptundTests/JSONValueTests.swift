// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import iptund

@Suite struct JSONValueTests {
    @Test(
        arguments: [
            ("null", .null), (" true ", .bool(true)), ("false", .bool(false)), ("-12", .number(-12)),
            ("1.6", .number(2)), ("1e2", .number(100)), (#""a\n\"\\/é\u00e9\ud800""#, .text("a\n\"\\/éé\u{fffd}")),
            ("[]", .list([])), ("[1, [2]]", .list([.number(1), .list([.number(2)])])), ("{}", .object([:])),
            (#"{"a": {"b": "c"}}"#, .object(["a": .object(["b": .text("c")])])),
        ] as [(String, JSONValue)])
    func `each kind of value is read`(text: String, expected: JSONValue) throws {
        #expect(try JSONValue(text) == expected)
    }

    @Test(arguments: [
        "", " ", "nul", "tru", "[1", "[1,", "{\"a\"", "{\"a\":", "{a: 1}", "\"a", "\"\\", "\"\\u12\"", "[1] 2", "+",
        "-",
        "[1,]", "{\"a\": 1,}",
    ])
    func `malformed text is refused`(text: String) {
        #expect(throws: JSONReader.Malformed.self) { try JSONValue(text) }
    }

    @Test func `nesting has a limit`() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect((try? JSONValue(nested(60))) != nil)
        #expect((try? JSONValue(nested(100_000))) == nil)
    }
}
