// SPDX-License-Identifier: Apache-2.0

/// An IPv4 address on a link, and what is reached through the link because of it.
package struct InterfaceAddress: Hashable, Sendable {
    /// The address that is ours.
    package let address: IPv4Address
    /// How many leading bits of `peer`, or else of `address`, the hosts behind the link share, 0 to 32.
    package let prefixLength: Int
    /// The address at the other end of a point-to-point link.
    package let peer: IPv4Address?

    /// An address with the block around it or around its peer; `nil` when the length is not 0 to 32.
    package init?(_ address: IPv4Address, prefixLength: Int = 32, peer: IPv4Address? = nil) {
        guard (0...32).contains(prefixLength) else { return nil }
        self.address = address
        self.prefixLength = prefixLength
        // A peer that is the address itself is how the kernel says that there is none.
        self.peer = peer == address ? nil : peer
    }

    /// Where Linux makes a route of its own through the link, because the address is there (`fib_add_ifaddr`).
    package var connected: Prefix? {
        if let peer { return Prefix(peer, length: prefixLength) }
        return prefixLength < 32 ? Prefix(address, length: prefixLength) : nil
    }
}

extension InterfaceAddress: LosslessStringConvertible {
    /// Reads `10.0.0.1/24` or `10.0.0.1 peer 10.0.0.2/32`, where `/32` may be left out; `nil` for anything else.
    package init?(_ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        switch words.count {
        case 1:
            guard let (address, length) = Self.block(words[0]) else { return nil }
            self.init(address, prefixLength: length)
        case 3:
            guard words[1] == "peer", let address = IPv4Address(words[0]), let (peer, length) = Self.block(words[2])
            else { return nil }
            self.init(address, prefixLength: length, peer: peer)
        default: return nil
        }
    }

    /// What `ip address add` takes.
    package var description: String {
        if let peer { "\(address) peer \(peer)/\(prefixLength)" } else { "\(address)/\(prefixLength)" }
    }

    /// `ADDRESS[/LENGTH]` with its host bits, which ``Prefix`` would clear.
    private static func block(_ text: Substring) -> (IPv4Address, length: Int)? {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPv4Address(parts[0]), let length = parts.count == 1 ? 32 : Prefix.length(parts[1])
        else { return nil }
        return (address, length)
    }
}
