// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Wire

/// Chooses the inner address that a peer is asked by: one that the peer's AllowedIPs hold and a host can have.
///
/// Never chosen: an address of this host, whose question would not leave it; a group; the network and the broadcast address
/// of a block.
struct InnerTarget {
    /// Addresses of the tunnel's device.
    var addresses: [InterfaceAddress] = []
    /// Every address of the host that the device belongs to.
    var own: Set<IPv4Address> = []
    /// The prefixes that are routed to the peer and accepted from it.
    var allowed: [Prefix]
    /// The peer's outer address.
    var endpoint: IPv4Address

    /// The best target: the other end of a network of two, the peer's only address, its outer address as an inner one, or a
    /// guess; `nil` when none is left.
    func choose() -> PeerProbe.Target? { otherEnd ?? only ?? outer ?? neighbour ?? guess }

    /// Returns whether a question to `address` reaches the peer.
    private func reaches(_ address: IPv4Address) -> Bool {
        address.isUnicast && !ours.contains(address) && allowed.contains { $0.contains(address) }
    }

    private var ours: Set<IPv4Address> { own.union(addresses.map(\.address)) }

    private var otherEnd: PeerProbe.Target? {
        for address in addresses {
            let end =
                address.peer ?? Prefix(address.address, length: address.prefixLength)?.otherHost(than: address.address)
            guard let end, reaches(end) else { continue }
            return PeerProbe.Target(end, .otherEnd, because: "the other end of \(address)")
        }
        for block in allowed {
            for address in ours where block.contains(address) {
                guard let end = block.otherHost(than: address), reaches(end) else { continue }
                return PeerProbe.Target(end, .otherEnd, because: "the other host of \(block), where \(address) is ours")
            }
        }
        return nil
    }

    private var singles: [IPv4Address] { allowed.filter { $0.length == 32 }.map(\.address).filter(reaches) }

    private var only: PeerProbe.Target? {
        guard singles.count == 1, let single = singles.first else { return nil }
        return PeerProbe.Target(single, .only, because: "its only address in AllowedIPs")
    }

    private var outer: PeerProbe.Target? {
        guard reaches(endpoint) else { return nil }
        return PeerProbe.Target(endpoint, .outer, because: "its outer address, asked as an inner one")
    }

    /// A guess within a network that this host has an address in.
    private var neighbour: PeerProbe.Target? {
        for block in blocks where ours.contains(where: block.contains) {
            guard let host = firstHost(of: block) else { continue }
            return PeerProbe.Target(host, .neighbour, because: "a guess: the first other host of \(block)")
        }
        return nil
    }

    private var guess: PeerProbe.Target? {
        if let single = singles.first {
            return PeerProbe.Target(single, .guessed, because: "a guess: the first of its addresses in AllowedIPs")
        }
        for block in blocks {
            guard let host = firstHost(of: block) else { continue }
            return PeerProbe.Target(host, .guessed, because: "a guess: the first host of \(block)")
        }
        return nil
    }

    /// Blocks of several hosts, the smallest first.
    private var blocks: [Prefix] {
        allowed.filter { (1...31).contains($0.length) && !$0.address.isMulticast }.sorted { $0.length > $1.length }
    }

    private func firstHost(of block: Prefix) -> IPv4Address? {
        // A block of two has no address of its own (RFC 3021).
        let first = block.address.rawValue + (block.length == 31 ? 0 : 1)
        let last = block.last.rawValue - (block.length == 31 ? 0 : 1)
        let candidates = (first...last).lazy.map { IPv4Address(rawValue: $0) }
        // Of the first hosts few are ours.
        return candidates.prefix(ours.count + 1).first { reaches($0) }
    }
}

extension Prefix {
    /// Returns the other host of a network of two, /31 (RFC 3021) or /30; `nil` where there are more, or fewer.
    fileprivate func otherHost(than host: IPv4Address) -> IPv4Address? {
        guard contains(host) else { return nil }
        switch length {
        case 31: return IPv4Address(rawValue: host.rawValue ^ 1)
        case 30:
            let offset = host.rawValue & 3
            return offset == 1 || offset == 2 ? IPv4Address(rawValue: host.rawValue ^ 3) : nil
        default: return nil
        }
    }
}
