// SPDX-License-Identifier: Apache-2.0

/// An ICMP echo message (RFC 792): the question whether a host is there, or its answer.
///
/// ```
/// octet 0      1      2             4              6              8
///       +------+------+-------------+--------------+--------------+-------------
///       | type |  0   |  checksum   |  identifier  |   sequence   |  payload ...
///       +------+------+-------------+--------------+--------------+-------------
/// ```
package struct ICMPEcho: Equatable, Sendable {
    /// Which of the two it is. Raw values are ICMP's types.
    package enum Kind: UInt8, Sendable {
        case reply = 0
        case request = 8
    }

    package var kind: Kind
    /// Who asks: what tells the questions of one process from those of others.
    package var identifier: UInt16
    /// Which question of them it is.
    package var sequence: UInt16
    /// What the answer has to repeat. A number in it that nobody can guess proves that the question arrived.
    package var payload: [UInt8]

    /// Octets before the payload.
    package static let headerLength = 8

    /// Names every field.
    package init(_ kind: Kind, identifier: UInt16, sequence: UInt16, payload: [UInt8] = []) {
        self.kind = kind
        self.identifier = identifier
        self.sequence = sequence
        self.payload = payload
    }
}

/// On the wire.
extension ICMPEcho {
    /// The message with its checksum, without an IP header.
    package var message: [UInt8] {
        var message = [kind.rawValue, 0, 0, 0] + ICMPEcho.octets(identifier) + ICMPEcho.octets(sequence) + payload
        var checksum = Checksum()
        checksum.add(message.octets)
        message.replaceSubrange(2..<4, with: ICMPEcho.octets(checksum.value))
        return message
    }

    /// Reads a message without an IP header; `nil` when it is no echo message, is cut short, or does not sum to its checksum.
    package init?(message: RawSpan) {
        var checksum = Checksum()
        checksum.add(message)
        guard message.byteCount >= ICMPEcho.headerLength, let kind = Kind(rawValue: message.octet(at: 0)),
            message.octet(at: 1) == 0, checksum.value == 0
        else { return nil }
        self.init(
            kind, identifier: message.uint16(at: 4), sequence: message.uint16(at: 6),
            payload: (ICMPEcho.headerLength..<message.byteCount).map { message.octet(at: $0) })
    }

    /// Reads the message that an IPv4 packet carries, as a raw socket gives it; `nil` also for a fragment.
    package init?(in packet: borrowing IPv4Packet) {
        guard packet.protocolNumber == .icmp, !packet.isFragment else { return nil }
        self.init(message: packet.payload)
    }

    /// What answers this.
    package var reply: ICMPEcho {
        var reply = self
        reply.kind = .reply
        return reply
    }

    /// Whether this is the answer to `request`, and to no other: everything in it is repeated.
    package func answers(_ request: ICMPEcho) -> Bool {
        request.kind == .request && self == request.reply
    }

    static func octets(_ word: UInt16) -> [UInt8] { [UInt8(word >> 8), UInt8(truncatingIfNeeded: word)] }
}
