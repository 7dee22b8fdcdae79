// SPDX-License-Identifier: Apache-2.0

/// Addresses in files: as the text that people write, read by the same rules as on a command line.
extension Decoder {
    /// Reads a text and what it stands for.
    /// - Throws: `DecodingError.dataCorrupted`, which quotes the text, when it stands for nothing.
    func decodeText<Value: LosslessStringConvertible>(as type: Value.Type = Value.self) throws -> Value {
        let container = try singleValueContainer()
        let text = try container.decode(String.self)
        guard let value = Value(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a \(type): '\(text)'")
        }
        return value
    }
}

extension Encoder {
    /// Writes the text that stands for `value`.
    func encodeText(_ value: some LosslessStringConvertible) throws {
        var container = singleValueContainer()
        try container.encode(value.description)
    }
}

extension IPv4Address: Codable {
    /// Reads "192.0.2.1".
    public init(from decoder: any Decoder) throws { self = try decoder.decodeText() }

    /// Writes ``description``.
    public func encode(to encoder: any Encoder) throws { try encoder.encodeText(self) }
}

extension Prefix: Codable {
    /// Reads "10.0.0.0/8", or a bare address as a block of one.
    public init(from decoder: any Decoder) throws { self = try decoder.decodeText() }

    /// Writes ``description``.
    public func encode(to encoder: any Encoder) throws { try encoder.encodeText(self) }
}

extension PacketMark: Codable {
    /// Reads "0x1994/0xffff", or a mark of which all bits count.
    public init(from decoder: any Decoder) throws { self = try decoder.decodeText() }

    /// Writes ``description``.
    public func encode(to encoder: any Encoder) throws { try encoder.encodeText(self) }
}

extension InterfaceAddress: Codable {
    /// Reads "10.0.0.1/24" or "10.0.0.1 peer 10.0.0.2/32".
    package init(from decoder: any Decoder) throws { self = try decoder.decodeText() }

    /// Writes ``description``.
    package func encode(to encoder: any Encoder) throws { try encoder.encodeText(self) }
}
