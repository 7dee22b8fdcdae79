// SPDX-License-Identifier: Apache-2.0

package import Wire

/// A packet that a tunnel lives by, and what the filter would do with it.
package struct NetfilterQuestion: Sendable {
    /// What it is, for people: `protocol 4 from 192.0.2.2 to 192.0.2.1`.
    package var subject: String
    package var packet: Netfilter.Packet
    /// The condition that accepts just such packets, in the words of each tool.
    package var nftCondition: String
    package var iptablesCondition: String
    /// Whether packets of this kind are what the tunnel is for, or only what somebody may want.
    package var isNeeded: Bool

    /// Outer packets from a peer.
    package static func arriving(from peer: IPv4Address, at local: IPv4Address, by device: String) -> NetfilterQuestion
    {
        NetfilterQuestion(
            subject: "protocol 4 from \(peer) to \(local) by \(device)",
            packet: Netfilter.Packet(
                from: Prefix(host: peer), to: Prefix(host: local), protocolNumber: IPProtocol.ipip.rawValue,
                inputDevice: device, mark: nil),
            nftCondition: "ip saddr \(peer) ip protocol 4", iptablesCondition: "-s \(peer) -p 4", isNeeded: true)
    }

    /// Outer packets to a peer.
    package static func leaving(to peer: IPv4Address, from local: IPv4Address, by device: String) -> NetfilterQuestion {
        NetfilterQuestion(
            subject: "protocol 4 from \(local) to \(peer) by \(device)",
            packet: Netfilter.Packet(
                from: Prefix(host: local), to: Prefix(host: peer), protocolNumber: IPProtocol.ipip.rawValue,
                outputDevice: device),
            nftCondition: "ip daddr \(peer) ip protocol 4", iptablesCondition: "-d \(peer) -p 4", isNeeded: true)
    }

    /// Inner packets that come out of the tunnel's device, for this host or on to another one.
    package static func emerging(from source: Prefix, by device: String, on output: String?, needed isNeeded: Bool)
        -> NetfilterQuestion
    {
        let way = output.map { (", on to \($0)", " oifname \"\($0)\"", " -o \($0)") } ?? ("", "", "")
        return NetfilterQuestion(
            subject: "inner packets from \(source) out of \(device)\(way.0)",
            packet: Netfilter.Packet(from: source, inputDevice: device, outputDevice: output),
            nftCondition: "iifname \"\(device)\"\(way.1)", iptablesCondition: "-i \(device)\(way.2)",
            isNeeded: isNeeded)
    }

    /// Inner packets that go into the tunnel's device, from this host or from another one.
    package static func entering(to destination: Prefix, by device: String, from input: String?, needed isNeeded: Bool)
        -> NetfilterQuestion
    {
        let way = input.map { (" from \($0)", "iifname \"\($0)\" ", "-i \($0) ") } ?? ("", "", "")
        return NetfilterQuestion(
            subject: "inner packets to \(destination)\(way.0) into \(device)",
            packet: Netfilter.Packet(to: destination, inputDevice: input, outputDevice: device),
            nftCondition: "\(way.1)oifname \"\(device)\"", iptablesCondition: "\(way.2)-o \(device)",
            isNeeded: isNeeded)
    }
}

extension NetfilterQuestion {
    /// The answer: `nil` when such packets pass, as far as can be told.
    ///
    /// Whether a connection is known already may decide, so both kinds are asked for.
    package func answer(_ netfilter: Netfilter, at hook: Netfilter.Hook) -> Answer? {
        let (new, known) = (judge(netfilter, hook, .new), judge(netfilter, hook, .established))
        if let death = new.fate.death, !new.mayLive {
            if known.fate.death != nil, !known.mayLive { return Answer(.always, death) }
            return Answer(.unlessKnown, death)
        }
        if let death = new.fate.death { return Answer(.perhaps(new.doubts.first?.reason ?? ""), death) }
        if let doubt = new.doubts.first(where: { $0.consequence == .dead }) {
            return Answer(.perhaps(doubt.reason), doubt.place)
        }
        return nil
    }

    private func judge(_ netfilter: Netfilter, _ hook: Netfilter.Hook, _ state: Netfilter.ConnectionState)
        -> Netfilter.Judgement
    {
        var packet = packet
        packet.state = state
        return netfilter.judge(packet, at: hook)
    }

    /// A rule that packets die of, and how surely.
    package struct Answer: Equatable, Sendable {
        package var certainty: Certainty
        package var place: Netfilter.Place

        package init(_ certainty: Certainty, _ place: Netfilter.Place) {
            self.certainty = certainty
            self.place = place
        }
    }

    package enum Certainty: Equatable, Sendable {
        case always
        /// Only answers pass: packets of a connection that began here.
        case unlessKnown
        /// It depends on a condition that is not understood: which one.
        case perhaps(String)
    }

    /// The command that lets such packets pass where `place` stops them.
    package func mending(_ place: Netfilter.Place) -> String {
        switch place.tool {
        case .nft:
            "nft insert rule \(place.family.rawValue) \(place.table) \(place.base) \(nftCondition) accept"
        case .iptables: "iptables -t \(place.table) -I \(place.base) \(iptablesCondition) -j ACCEPT"
        }
    }
}
