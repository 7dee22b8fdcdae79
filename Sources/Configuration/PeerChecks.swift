// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Whether peers go together with each other.
struct PeerChecks {
    private let peers: [PeerSettings]
    private let origins: [PeerOrigin]
    private let addresses: [InterfaceAddress]

    /// `origins` are where the values of `peers` were written, one for each; `addresses` are those of the device.
    init(_ peers: [PeerSettings], _ origins: [PeerOrigin], addresses: [InterfaceAddress] = []) {
        self.peers = peers
        self.origins = origins
        self.addresses = addresses
    }

    /// What two of them cannot both have, with both places. Nested prefixes are legal: the longest wins.
    var conflicts: [Mistake] { samePrefixes + sameEndpoints + sameNames + outerAddresses + probes }

    /// What is missing in one because there are others.
    var gaps: [Mistake] {
        guard peers.count > 1 else { return [] }
        return zip(peers, origins).compactMap { peer, origin in
            guard peer.allowed == nil, let endpoint = origin.endpoint else { return nil }
            return Mistake(
                at: origin.place, "peer '\(endpoint.text)'",
                why: "has no \(origin.place.spell(.allowedIPs)), and there are \(peers.count) peers to choose from",
                whatNow: "say which prefixes are behind it; only a single peer can do without")
        }
    }

    /// A peer of which everything is known but where it is.
    static func withoutEndpoint(_ draft: Draft.PeerDraft) -> Mistake {
        switch draft.place {
        case .flag:
            let entry = draft.entries.first
            return Mistake(
                at: draft.place, entry?.key.flag ?? "a peer", why: "belongs to a peer, and there is none",
                whatNow: "give \(Key.endpoint.flag), or leave it out")
        case .file:
            return Mistake(
                at: draft.place, "[Peer]", why: "has no Endpoint",
                whatNow: "say where it is: 'Endpoint = 192.0.2.1', or a host name")
        }
    }

    private var samePrefixes: [Mistake] {
        var first: [Prefix: (peer: Int, entry: Entry)] = [:]
        var mistakes: [Mistake] = []
        for (index, origin) in origins.enumerated() {
            for (prefix, entry) in zip(peers[index].allowed ?? [], origin.allowed) {
                guard let other = first[prefix] else {
                    first[prefix] = (index, entry)
                    continue
                }
                let isSame = other.peer == index
                mistakes.append(
                    Mistake(
                        entry, first: other.entry,
                        isSame ? "given twice" : "is what peer '\(name(other.peer))' has already",
                        whatNow: isSame ? "give it once" : "a packet can go to one of them only; a part of it is fine"))
            }
        }
        return mistakes
    }

    private var sameEndpoints: [Mistake] {
        var first: [PeerAddress: Entry] = [:]
        return zip(peers, origins).compactMap { peer, origin in
            guard let entry = origin.endpoint else { return nil }
            guard let other = first.updateValue(entry, forKey: peer.endpoint) else { return nil }
            return Mistake(
                entry, first: other, "is where another peer is already",
                whatNow: "write the AllowedIPs of both into one [Peer]")
        }
    }

    private var sameNames: [Mistake] {
        var first: [String: Entry] = [:]
        return origins.compactMap { origin in
            guard let entry = origin.name, let other = first.updateValue(entry, forKey: entry.text) else { return nil }
            return Mistake(
                entry, first: other, "is what another peer is called already", whatNow: "call them differently")
        }
    }

    private var outerAddresses: [Mistake] {
        var mistakes: [Mistake] = []
        for (peer, origin) in zip(peers, origins) {
            guard case .address(let address) = peer.endpoint else { continue }
            for (prefix, entry) in zip(peer.allowed ?? [], origin.allowed) where prefix == Prefix(host: address) {
                mistakes.append(
                    Mistake(
                        entry.refusal(
                            why: "is the peer's outer address, which the tunnel itself is sent to",
                            whatNow: "leave it out, or give an inner address"), about: entry))
            }
        }
        return mistakes
    }

    /// A probe has to be the address of a host at the peer: a question to another one would not reach the peer.
    private var probes: [Mistake] {
        zip(peers, origins).compactMap { peer, origin in
            guard let entry = origin.probe, let probe = peer.probe else { return nil }
            let remedy = "give an inner address at the peer"
            if let why = hostless(probe) { return Mistake(entry.refusal(why: why, whatNow: remedy), about: entry) }
            guard let allowed = peer.allowed, !allowed.contains(where: { $0.contains(probe) }) else { return nil }
            return Mistake(
                entry.refusal(
                    why: "lies in none of this peer's \(entry.place.spell(.allowedIPs))",
                    whatNow: "\(remedy), or add it there"), about: entry)
        }
    }

    /// Why no host at a peer has this address; `nil` when one may.
    private func hostless(_ probe: IPv4Address) -> String? {
        for address in addresses {
            if address.address == probe { return "is this host's own address (\(address))" }
            guard let network = address.connected, network.length < 31, network.contains(probe) else { continue }
            if probe == network.address { return "is the address of the network \(network), and no host's" }
            if probe == network.last { return "is the broadcast address of \(network)" }
        }
        return nil
    }

    private func name(_ index: Int) -> String { peers[index].name ?? origins[index].endpoint?.text ?? "" }
}

extension Mistake {
    /// What stands at two places: `entry` is the later one.
    fileprivate init(_ entry: Entry, first: Entry, _ why: String, whatNow: String) {
        let before =
            switch first.place {
            case .flag: ""
            case .file: " (\(first.place))"
            }
        self.init(entry.refusal(why: why + before, whatNow: whatNow), about: entry)
    }
}
