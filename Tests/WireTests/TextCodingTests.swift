// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing
import Wire

@Suite struct TextCodingTests {
    private func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private func decoded<Value: Decodable>(_ text: String, as type: Value.Type) throws -> Value {
        try JSONDecoder().decode(type, from: Data(text.utf8))
    }

    @Test func `an address is the text that people write`() throws {
        #expect(try encoded([IPv4Address(192, 0, 2, 1)]) == #"["192.0.2.1"]"#)
        #expect(try decoded(#"["192.0.2.1"]"#, as: [IPv4Address].self) == [IPv4Address(192, 0, 2, 1)])
    }

    @Test func `a block is its address and its length, and a bare address is a block of one`() throws {
        let prefix = try #require(Prefix("10.0.0.0/8"))
        #expect(try encoded([prefix]) == #"["10.0.0.0/8"]"#)
        #expect(try decoded(#"["10.1.2.3/8"]"#, as: [Prefix].self) == [prefix])
        #expect(try decoded(#"["10.1.2.3"]"#, as: [Prefix].self) == [Prefix(host: IPv4Address(10, 1, 2, 3))])
    }

    @Test(arguments: ["10.0.0.1/24", "10.0.0.1 peer 10.0.0.2/32"])
    func `an address of a link is what ip would take`(text: String) throws {
        let address = try #require(InterfaceAddress(text))
        #expect(try encoded([address]) == "[\"\(text)\"]")
        #expect(try decoded("[\"\(text)\"]", as: [InterfaceAddress].self) == [address])
    }

    @Test(arguments: [#"[""]"#, #"["10.0.0.256"]"#, #"["10.0.0.0/33"]"#, #"["10.0.0.1 "]"#, "[167772161]", "[null]"])
    func `anything else is an error of decoding`(text: String) {
        #expect(throws: DecodingError.self) { try decoded(text, as: [IPv4Address].self) }
        #expect(throws: DecodingError.self) { try decoded(text, as: [Prefix].self) }
    }

    @Test func `the error quotes the text and says what it is not`() throws {
        let error = #expect(throws: DecodingError.self) { try decoded(#"["10.0.0.0/33"]"#, as: [Prefix].self) }
        guard case .dataCorrupted(let context) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(context.debugDescription == "not a Prefix: '10.0.0.0/33'")
    }
}
