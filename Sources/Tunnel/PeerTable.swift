// SPDX-License-Identifier: Apache-2.0

public import Wire

/// The peers of one tunnel, and who is responsible for an address. Immutable; one peer is simply N = 1.
public struct PeerTable: Sendable {
    /// The peers by ``PeerIndex``, with vacant places: so a peer keeps its index, and what was counted and learned under it,
    /// while others come and go.
    public let slots: [Peer?]
    /// The peers that there are, in the order of their indices.
    public let peers: [Peer]
    /// The indices of ``peers``, in the same order.
    public let indices: [PeerIndex]

    private let endpoints: [Endpoint]
    private let byEndpoint: AddressMap
    private let byInnerAddress: PrefixMap
    /// Who has what nobody has more narrowly: the peer with 0.0.0.0/0, which `byInnerAddress` leaves out.
    private let everythingElse: PeerIndex?
    private let localEnds: AddressMap

    /// The outer addresses of one peer: what the data path needs of a ``Peer``. 0.0.0.0 stands for one that is not known.
    public struct Endpoint: Equatable, Sendable {
        /// The peer's address.
        public let remote: IPv4Address
        /// Ours.
        public let local: IPv4Address
        /// Which of our addresses the peer may send to.
        public let acceptance: Peer.Acceptance
    }

    /// Why peers do not make a table.
    public enum Invalid: Error, Equatable, Sendable {
        /// Two peers have this endpoint.
        case sameEndpoint(IPv4Address, earlier: PeerIndex, later: PeerIndex)
        /// Two peers, or one peer twice, have exactly this prefix. A prefix inside of another is fine: the longest wins.
        case samePrefix(Prefix, earlier: PeerIndex, later: PeerIndex)
        /// An endpoint or local address that cannot be one host's.
        case notUnicast(IPv4Address)
    }

    /// A table without vacant places.
    /// - Throws: the first ``Invalid`` that is found.
    public init(_ peers: [Peer]) throws(Invalid) { try self.init(slots: peers) }

    /// Checks the peers against each other and builds the lookups; `nil` is a vacant place.
    /// - Throws: the first ``Invalid`` that is found.
    public init(slots: [Peer?]) throws(Invalid) {
        var owners = Owners(slots)
        for (index, slot) in slots.enumerated() {
            if let slot { try owners.enter(slot, at: PeerIndex(rawValue: UInt32(index))) }
        }
        self.slots = slots
        peers = slots.compactMap(\.self)
        indices = slots.indices.filter { slots[$0] != nil }.map { PeerIndex(rawValue: UInt32($0)) }
        endpoints = slots.map(Endpoint.init)
        byEndpoint = AddressMap(indexed: PeerTable.senders(slots))
        everythingElse = owners.ofPrefix.removeValue(forKey: .all)
        byInnerAddress = PrefixMap(owners.ofPrefix.map { ($0.key, $0.value) })
        localEnds = AddressMap(Array(Set(endpoints.map(\.local))))
    }

    /// The outer source addresses of each peer: its endpoint, and further addresses that belong to no other peer.
    private static func senders(_ slots: [Peer?]) -> [(address: IPv4Address, index: Int)] {
        let endpoints = slots.enumerated().map { index, peer in (peer?.endpoint ?? .unspecified, index) }
        guard slots.contains(where: { $0?.others.isEmpty == false }) else { return endpoints }
        var taken = Set(endpoints.map(\.0))
        let others = slots.enumerated().flatMap { index, peer in (peer?.others ?? []).map { ($0, index) } }
        return endpoints + others.filter { taken.insert($0.0).inserted }
    }

    /// The peer whose AllowedIPs hold `address` most specifically: the one to send it to, the only one to take it from.
    public func peer(owning address: IPv4Address) -> PeerIndex? {
        byInnerAddress.peer(owning: address) ?? everythingElse
    }

    /// Whether some peer knows us by this address.
    public func isLocalEnd(_ address: IPv4Address) -> Bool { localEnds.contains(address) }

    /// Whether `address` is some peer's own: its AllowedIPs hold it, and not only because they hold every address.
    public func isReserved(_ address: IPv4Address) -> Bool { byInnerAddress.peer(owning: address) != nil }

    /// The peer that sends from this outer address; `nil` for a stranger.
    public func peer(at endpoint: IPv4Address) -> PeerIndex? { byEndpoint.peer(at: endpoint) }

    /// The peer that we send outer packets to from `local` to `remote`; `nil` when we send none between them.
    func peer(sentFrom local: IPv4Address, to remote: IPv4Address) -> PeerIndex? {
        guard let peer = peer(at: remote), local != .unspecified else { return nil }
        let endpoint = endpoint(of: peer)
        return endpoint.local == local && endpoint.remote == remote ? peer : nil
    }

    /// The outer addresses of a peer of this table; none at a vacant place.
    public func endpoint(of peer: PeerIndex) -> Endpoint { endpoints[Int(peer.rawValue)] }
}

extension PeerTable.Endpoint {
    fileprivate init(_ peer: Peer?) {
        remote = peer?.endpoint ?? .unspecified
        local = peer?.local ?? .unspecified
        acceptance = peer?.acceptance ?? .localOnly
    }
}

/// What only one peer can have, and who has it so far.
private struct Owners {
    var ofPrefix: [Prefix: PeerIndex] = [:]
    private var ofEndpoint: [IPv4Address: PeerIndex] = [:]

    init(_ slots: [Peer?]) {
        ofEndpoint.reserveCapacity(slots.count)
        ofPrefix.reserveCapacity(slots.reduce(0) { $0 + ($1?.allowed.count ?? 0) })
    }

    mutating func enter(_ peer: Peer, at index: PeerIndex) throws(PeerTable.Invalid) {
        if let endpoint = peer.endpoint {
            guard endpoint.isUnicast else { throw .notUnicast(endpoint) }
            if let earlier = ofEndpoint.updateValue(index, forKey: endpoint) {
                throw .sameEndpoint(endpoint, earlier: earlier, later: index)
            }
        }
        if let local = peer.local, !local.isUnicast { throw .notUnicast(local) }
        for prefix in peer.allowed {
            if let earlier = ofPrefix.updateValue(index, forKey: prefix) {
                throw .samePrefix(prefix, earlier: earlier, later: index)
            }
        }
    }
}
