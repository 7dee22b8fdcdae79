// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import iptund

@Suite struct PrintableTextTests {
    @Test(arguments: ["", "plain", "it's 100 % \"fine\" = \\ ok", "Größe 変 🙂 é"])
    func `what can be seen stays as it is`(text: String) {
        #expect(text.printable == text)
    }

    @Test(
        arguments: [
            ("a\nb", "a\\u{A}b"), ("\r\n", "\\u{D}\\u{A}"), ("\u{1B}[2J", "\\u{1B}[2J"), ("\u{0}", "\\u{0}"),
            ("\u{7F}\u{85}\u{9B}", "\\u{7F}\\u{85}\\u{9B}"), ("a\u{2028}b\u{2029}", "a\\u{2028}b\\u{2029}"),
            ("\u{202E}evil", "\\u{202E}evil"), ("\t", "\\u{9}"), ("x\u{200B}", "x\\u{200B}"),
        ]) func `what moves the cursor, ends a line or turns the direction is shown`(text: String, shown: String)
    {
        #expect(text.printable == shown)
    }

    @Test func `octets that are no UTF-8 can be seen`() {
        #expect(String(decoding: [0x61, 0xFF, 0xC3], as: UTF8.self).printable == "a\u{FFFD}\u{FFFD}")
    }

    @Test(
        arguments: [
            ("b", "b"), ("192.0.2.1", "192.0.2.1"), ("3/2", "3/2"), ("", "\"\""), ("a b", "\"a b\""),
            ("a=b", "\"a=b\""), ("\"", "\"\\\"\""), ("\\", "\"\\\\\""), ("a\nb", "\"a\\u{A}b\""),
        ]) func `a value ends where it ends`(text: String, shown: String)
    {
        #expect(text.fieldValue == shown)
    }
}
