// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A table of nftables that lets packets to some destinations leave by one link only: what leaves by another one is dropped,
/// whether this host or another one sent it.
///
/// Packets to this host itself (link `lo`) pass, and those that carry `mark`.
package struct EgressFilter: Hashable, Sendable, Codable {
    /// What the table is called. One of this name that says something else in its comment is another program's.
    package let table: String
    package let family: Family
    /// The link's name: the next one of this name is let through, too.
    package let link: String
    /// The mark of packets that pass by whatever link; `nil` for none.
    package var mark: PacketMark? { markValue.flatMap { PacketMark($0, mask: markMask ?? $0) } }
    private let markValue: UInt32?
    /// `nil` in lists of versions before: the bits of the mark itself.
    private let markMask: UInt32?
    /// Whose questions to name servers (port 53) pass, however they leave; `nil` for none.
    package let questioner: UInt32?
    /// Where packets go, in ascending order, apart from each other.
    package let destinations: [AddressRange]

    /// Which packets a table is about; the raw values are netfilter's (`NFPROTO_IPV4`).
    package enum Family: UInt8, Sendable, Codable {
        case ipv4 = 2
        case ipv6 = 10

        /// As `nft` spells it.
        package var text: String { self == .ipv4 ? "ip" : "ip6" }
        /// How long an address is, octets.
        var addressLength: Int { self == .ipv4 ? 4 : 16 }
        /// Where the destination stands in the header, octets.
        var destinationOffset: Int { self == .ipv4 ? 16 : 24 }
        /// The type of addresses, as `nft` numbers them, so that it can list them.
        var addressType: UInt32 { self == .ipv4 ? 7 : 8 }
    }

    /// A table of this name.
    package init(
        _ table: String, _ family: Family, link: String, mark: PacketMark? = nil, questioner: UInt32? = nil,
        destinations: [AddressRange]
    ) {
        (self.table, self.family, self.link) = (table, family, link)
        (markValue, markMask) = (mark?.value, mark?.mask)
        self.questioner = questioner
        self.destinations = destinations
    }

    private enum CodingKeys: String, CodingKey {
        case table, family, link, questioner, destinations
        case markValue = "mark"
        case markMask = "mask"
    }

    /// What its only chain is called.
    package static let chain = "out"
    /// Before every other program's at the same hook: what these do to marks comes later (`NF_IP_PRI_RAW_BEFORE_DEFRAG`).
    package static let priority: Int32 = -450

    /// By what a table is known as ours.
    package static let comment = "kill switch of iptund"

    /// Tells this content from others: stands in the comment of each rule, which changes only with the rule.
    package var fingerprint: String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let mark = "\(markValue ?? 0)" + (markMask.map { "/\($0)" } ?? "")
        let asking = questioner.map { "?\($0) " } ?? ""
        let text = "\(family.rawValue) \(link) \(mark) \(asking)" + destinations.map(\.text).joined(separator: " ")
        for octet in text.utf8 { hash = (hash ^ UInt64(octet)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
    }

    /// How a host stands to a table of this name.
    package enum Presence: Equatable, Sendable {
        /// There is none.
        case absent
        /// It is another program's.
        case foreign
        /// It is ours. `fingerprint` is `nil` where it is not as we make it; `dropped` counts packets.
        case ours(fingerprint: String?, dropped: Count)
    }

    /// What was dropped.
    package struct Count: Equatable, Sendable {
        package var packets: UInt64 = 0
        package var octets: UInt64 = 0

        package init(packets: UInt64 = 0, octets: UInt64 = 0) { (self.packets, self.octets) = (packets, octets) }
    }
}

/// Addresses of either family that follow on each other. As numbers.
package struct AddressRange: Hashable, Sendable {
    package let first: UInt128
    package let last: UInt128

    /// From the first to the last.
    package init(_ first: UInt128, _ last: UInt128) { (self.first, self.last) = (first, last) }

    /// Both in hexadecimal digits.
    fileprivate var text: String { "\(String(first, radix: 16))-\(String(last, radix: 16))" }
}

extension AddressRange: Codable {
    /// Reads what ``encode(to:)`` wrote.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let parts = try container.decode(String.self).split(separator: "-", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { UInt128($0, radix: 16) }
        guard parts.count == 2, numbers.count == 2, numbers[0] <= numbers[1] else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no range of addresses")
        }
        self.init(numbers[0], numbers[1])
    }

    /// As one string: there may be thousands.
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
