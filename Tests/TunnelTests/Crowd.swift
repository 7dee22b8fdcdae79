// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// 10,000 peers with ten prefixes each, and by arithmetic who has what.
///
/// The prefixes are the first 100,000 blocks of 64 addresses in 10.0.0.0/8, ten in a row to each peer; the endpoints begin
/// at 198.18.0.0.
struct Crowd {
    static let count = 10_000
    static let prefixesEach = 10
    private static let blocks: UInt32 = 10 << 24
    private static let endpoints = IPv4Address(198, 18, 0, 0).rawValue

    /// By how many places the peers have moved on, as seen from their addresses.
    let turn: Int

    /// Peers, in the order of the table.
    var peers: [Peer] {
        (0..<Crowd.count).map { index in
            let place = (index + Crowd.count - turn) % Crowd.count
            let first = place * Crowd.prefixesEach
            return Peer(
                endpoint: Crowd.endpoint(place), local: Example.local,
                allowed: (first..<first + Crowd.prefixesEach).compactMap { Prefix(Crowd.block($0), length: 26) })
        }
    }

    /// The endpoint at this place.
    static func endpoint(_ place: Int) -> IPv4Address { IPv4Address(rawValue: endpoints + UInt32(place)) }

    /// The first address of this block.
    static func block(_ number: Int) -> IPv4Address { IPv4Address(rawValue: blocks + UInt32(number) << 6) }

    /// An address that a peer has, and the peer's place.
    static func address(_ random: inout SplitMix64) -> (address: IPv4Address, place: Int) {
        let number = Int.random(in: 0..<count * prefixesEach, using: &random)
        let host = UInt32.random(in: 0..<64, using: &random)
        return (IPv4Address(rawValue: block(number).rawValue + host), number / prefixesEach)
    }

    /// The peer at this place.
    func peer(_ place: Int) -> PeerIndex { PeerIndex(rawValue: UInt32((place + turn) % Crowd.count)) }
}
