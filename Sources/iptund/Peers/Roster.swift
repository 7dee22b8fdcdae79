// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Tunnel
internal import Wire

/// Who the peers are, which place each has in the data path, and what is known of their addresses.
///
/// A peer keeps its place for as long as it is one, and with it its counters and what was learned about the way to it.
struct Roster {
    /// One peer.
    struct Member: Equatable {
        var settings: PeerSettings
        /// Where it stands in the configuration: of two that claim one address the first has it.
        var order: Int
        /// The address that was given or found last.
        var address: IPv4Address?
        /// All addresses that its name had when it was asked for last: it may send from any of them.
        var addresses: [IPv4Address] = []
        /// Whether the keeper has not judged its address yet, or has refused it.
        var isHeld = false
        /// Our address towards it.
        var local: IPv4Address?
        /// Why nothing can be sent to it, in a few words; `nil` when something can.
        var problem: String?

        /// The host name that it was given by.
        var host: String? { if case .name(let name) = settings.endpoint { name } else { nil } }

        /// Those of its addresses that packets to it are not sent to.
        var others: [IPv4Address] { addresses.filter { $0 != address } }

        /// What people call it.
        var label: String { settings.name ?? host ?? address.map { "\($0)" } ?? "?" }
    }

    /// Peers by place; a place may be vacant.
    var members: [Member?] = []
    /// Our outer address, if somebody named it.
    let local: IPv4Address?
    /// How many places there can be.
    let capacity: Int
    /// Places that were given up by the last replacement: packets of theirs may still be counted.
    var resting: Set<Int> = []

    /// The peers of a tunnel that starts.
    init(_ peers: [PeerSettings], local: IPv4Address?, capacity: Int? = nil) {
        self.local = local
        self.capacity = capacity ?? Roster.capacity(for: peers.count)
        members = peers.enumerated().map { Member(settings: $1, order: $0, local: local) }
        for place in members.indices { settleAddress(of: place) }
    }

    /// Room to spare for a tunnel that starts with so many peers: what a place costs is 800 octets and one worker more.
    static func capacity(for count: Int) -> Int { max(64, count * 2) }

    /// The places that are taken.
    var places: [Int] { members.indices.filter { members[$0] != nil } }

    /// Names that have to be found out and followed.
    var hosts: Set<String> { Set(members.compactMap { $0?.host }) }

    /// The peers for the rules: who has no address yet, or no way, is there without.
    func table() throws(PeerTable.Invalid) -> PeerTable {
        let endpoints = endpoints()
        return try PeerTable(
            slots: members.indices.map { place in
                guard let member = members[place] else { return nil }
                return Peer(
                    name: member.settings.name, endpoint: endpoints[place],
                    others: endpoints[place] == nil ? [] : member.others, host: member.host,
                    local: endpoints[place] == nil ? nil : member.local,
                    acceptance: local == nil ? .anyAddress : .localOnly, allowed: member.settings.allowed ?? [.all])
            })
    }

    /// The outer address that each place may use: one address belongs to one peer, to one that was given by address before
    /// any name, and among names to the first in the configuration.
    func endpoints() -> [IPv4Address?] {
        var owners: [IPv4Address: Int] = [:]
        let ranked = places.sorted { rank($0) < rank($1) }
        for place in ranked {
            guard let member = members[place], !member.isHeld, let address = member.address, owners[address] == nil
            else { continue }
            owners[address] = place
        }
        return members.indices.map { place in
            members[place]?.address.flatMap { owners[$0] == place ? $0 : nil }
        }
    }

    /// Where peers are that are known by name.
    var learned: [PeerAddress: IPv4Address] {
        members.reduce(into: [:]) { learned, member in
            if let member, member.host != nil { learned[member.settings.endpoint] = member.address }
        }
    }

    /// The same by name in lower case, as lists say it; `nil` where there is none.
    var savedAddresses: [String: IPv4Address]? {
        let saved = members.reduce(into: [String: IPv4Address]()) { saved, member in
            if let host = member?.host { saved[PeerAddress.canonical(host)] = member?.address }
        }
        return saved.isEmpty ? nil : saved
    }

    private func rank(_ place: Int) -> (Int, Int) {
        guard let member = members[place] else { return (2, place) }
        return (member.host == nil ? 0 : 1, member.order)
    }

    /// Peers that are known by name are where they were last, until a name server says otherwise.
    mutating func recall(_ addresses: [PeerAddress: IPv4Address]) {
        for place in places {
            guard var member = members[place], member.host != nil, let address = addresses[member.settings.endpoint]
            else { continue }
            (member.address, member.addresses) = (address, [address])
            members[place] = member
        }
    }

    /// A peer that was given by address has it.
    mutating func settleAddress(of place: Int) {
        if case .address(let address) = members[place]?.settings.endpoint { members[place]?.address = address }
    }
}
