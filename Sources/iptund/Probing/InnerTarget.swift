// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Wire

/// Which inner address to ask for a peer that answers.
enum InnerTarget {
    /// Chooses from what is known of the peer: one that somebody named, the other end of the device, its only address, or
    /// the first host of its smallest block. A peer that owns everything can be asked by its outer address.
    ///
    /// What none of its prefixes holds would not reach it; `nil` when nothing is left.
    static func choose(
        named: IPv4Address?, otherEnds: [IPv4Address], allowed: [Prefix], endpoint: IPv4Address
    ) -> PeerProbe.Target? {
        let reaches = { (address: IPv4Address) in allowed.contains { $0.contains(address) } }
        if let named { return PeerProbe.Target(named, .named) }
        if let end = otherEnds.first(where: reaches) { return PeerProbe.Target(end, .named) }
        let singles = allowed.filter { $0.length == 32 }
        if let single = singles.first { return PeerProbe.Target(single.address, singles.count == 1 ? .only : .guessed) }
        let blocks = allowed.filter { $0.length > 0 }.sorted { $0.length > $1.length }
        if let block = blocks.first {
            // A block of two has no address of its own (RFC 3021).
            let first = block.length == 31 ? block.address : IPv4Address(rawValue: block.address.rawValue + 1)
            return PeerProbe.Target(first, .guessed)
        }
        return reaches(endpoint) ? PeerProbe.Target(endpoint, .outer) : nil
    }
}
