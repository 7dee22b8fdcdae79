// SPDX-License-Identifier: Apache-2.0

/// A block of addresses that share their leading bits: `10.0.0.0/8` (RFC 4632 §3.1).
///
/// Host bits are always zero, so two equal blocks are equal values.
public struct Prefix: Hashable, Sendable {
    /// The lowest address of the block.
    public let address: IPv4Address
    /// How many leading bits are fixed, 0 to 32.
    public let length: Int

    /// Clears the host bits of `address`; `nil` when `length` is not 0 to 32.
    public init?(_ address: IPv4Address, length: Int) {
        guard (0...32).contains(length) else { return nil }
        self.init(masking: address, length: length)
    }

    /// The block of this one address.
    public init(host address: IPv4Address) { self.init(masking: address, length: 32) }

    /// 0.0.0.0/0: every address.
    public static let all = Prefix(masking: .unspecified, length: 0)

    private init(masking address: IPv4Address, length: Int) {
        self.address = IPv4Address(rawValue: address.rawValue & Prefix.mask(length))
        self.length = length
    }

    /// The highest address of the block.
    public var last: IPv4Address { IPv4Address(rawValue: address.rawValue | ~Prefix.mask(length)) }

    /// Whether `candidate` lies in the block.
    public func contains(_ candidate: IPv4Address) -> Bool {
        candidate.rawValue & Prefix.mask(length) == address.rawValue
    }

    /// The netmask of `length` leading ones, host byte order.
    static func mask(_ length: Int) -> UInt32 { length == 0 ? 0 : ~0 << UInt32(32 - length) }
}

extension Prefix: LosslessStringConvertible {
    /// Reads `10.0.0.0/8`, or a bare address as a block of one. `nil` when `text` is anything else.
    public init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPv4Address(first) else { return nil }
        if parts.count == 1 {
            self.init(host: address)
        } else {
            guard let length = Prefix.length(parts[1]) else { return nil }
            self.init(masking: address, length: length)
        }
    }

    /// Reads a prefix length, 0 to 32, written in digits only.
    public static func length(_ text: some StringProtocol) -> Int? {
        guard (1...2).contains(text.count), text.allSatisfy({ $0.isASCII && $0.isNumber }), let length = Int(text),
            text.count == 1 || text.first != "0"
        else { return nil }
        return length <= 32 ? length : nil
    }

    /// `ADDRESS/LENGTH`.
    public var description: String { "\(address)/\(length)" }
}
