// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Packets that a tunnel lives by, to be judged by the packet filter.
package struct NetfilterQuestion: Sendable {
    /// The packets for people: `protocol 4 from 192.0.2.2 to 192.0.2.1 by eth0`.
    package var subject: String
    package var packet: Netfilter.Packet
    package var traffic: Traffic
    /// Whether the tunnel is for packets of this kind, or they only may be wanted.
    package var isNeeded: Bool

    /// Which packets of a tunnel they are.
    package enum Traffic: Equatable, Sendable {
        /// Outer packets from a peer.
        case arriving(from: IPv4Address, at: IPv4Address)
        /// Outer packets to a peer.
        case leaving(to: IPv4Address, from: IPv4Address)
        /// Inner packets out of a tunnel's device; `onto` is the link that they are forwarded to.
        case emerging(from: Prefix, by: String, onto: String?)
        /// Inner packets into a tunnel's device; `from` is the link that they are forwarded from.
        case entering(to: Prefix, by: String, from: String?)

        package var isInner: Bool {
            switch self {
            case .arriving, .leaving: false
            case .emerging, .entering: true
            }
        }
    }

    /// Outer packets from a peer.
    package static func arriving(from peer: IPv4Address, at local: IPv4Address, by device: String) -> NetfilterQuestion
    {
        var packet = Netfilter.Packet(
            from: Prefix(host: peer), to: Prefix(host: local), protocolNumber: IPProtocol.ipip.rawValue,
            inputDevice: .named(device), mark: 0)
        (packet.sourceTypes, packet.destinationTypes) = ([.unicast], [.local])
        packet.destinationTypesAtDevice = [.local, .unicast]
        return NetfilterQuestion(
            subject: "protocol 4 from \(peer) to \(local) by \(device)", packet: packet,
            traffic: .arriving(from: peer, at: local), isNeeded: true)
    }

    /// Outer packets to a peer.
    package static func leaving(
        to peer: IPv4Address, from local: IPv4Address, by device: String, mark: PacketMark = .standard
    ) -> NetfilterQuestion {
        var packet = Netfilter.Packet(
            from: Prefix(host: local), to: Prefix(host: peer), protocolNumber: IPProtocol.ipip.rawValue,
            outputDevice: .named(device), mark: mark.value)
        (packet.sourceTypes, packet.destinationTypes) = ([.local], [.unicast])
        return NetfilterQuestion(
            subject: "protocol 4 from \(local) to \(peer) by \(device)", packet: packet,
            traffic: .leaving(to: peer, from: local), isNeeded: true)
    }

    /// Inner packets that come out of the tunnel's device, for this host or on to another one.
    package static func emerging(from source: Prefix, by device: String, onto link: String?, needed isNeeded: Bool)
        -> NetfilterQuestion
    {
        var packet = Netfilter.Packet(from: source, inputDevice: .named(device), mark: 0)
        if let link { packet.outputDevice = .named(link) }
        packet.sourceTypes = [.unicast]
        return NetfilterQuestion(
            subject: "inner packets from \(source) out of \(device)\(link.map { ", on to \($0)" } ?? "")",
            packet: packet, traffic: .emerging(from: source, by: device, onto: link), isNeeded: isNeeded)
    }

    /// Inner packets that go into the tunnel's device, from this host or from another one.
    package static func entering(to destination: Prefix, by device: String, from link: String?, needed isNeeded: Bool)
        -> NetfilterQuestion
    {
        // Hardly a program marks its packets.
        var packet = Netfilter.Packet(to: destination, outputDevice: .named(device), mark: 0)
        if let link { packet.inputDevice = .named(link) }
        packet.sourceTypes = link == nil ? [.local] : [.unicast]
        packet.destinationTypes = [.unicast, .multicast]
        return NetfilterQuestion(
            subject: "inner packets to \(destination)\(link.map { " from \($0)" } ?? "") into \(device)",
            packet: packet, traffic: .entering(to: destination, by: device, from: link), isNeeded: isNeeded)
    }

    /// The question about the answers to packets that are forwarded; `nil` about others.
    var reversed: NetfilterQuestion? {
        var question: NetfilterQuestion
        switch traffic {
        case .emerging(let prefix, let device, let link):
            question = .entering(to: prefix, by: device, from: link, needed: isNeeded)
        case .entering(let prefix, let device, let link):
            question = .emerging(from: prefix, by: device, onto: link, needed: isNeeded)
        default: return nil
        }
        (question.packet.inputDevice, question.packet.outputDevice) = (packet.outputDevice, packet.inputDevice)
        if packet.bridges.contains(.input) { question.packet.bridges.insert(.output) }
        if packet.bridges.contains(.output) { question.packet.bridges.insert(.input) }
        return question
    }

    /// The same question about packets that are forwarded, where the link at the other end is not known.
    package var forwardedAnywhere: NetfilterQuestion {
        var question = self
        switch traffic {
        case .emerging(_, let device, nil): question.packet.outputDevice = .other(than: device)
        case .entering(_, let device, nil):
            question.packet.inputDevice = .other(than: device)
            question.packet.sourceTypes = [.unicast]
        default: break
        }
        return question
    }
}

extension NetfilterQuestion {
    /// The answer: `nil` when such packets pass, as far as the rules are understood.
    ///
    /// Rules may treat packets of a known connection otherwise than the first one, so both kinds are asked for.
    package func answer(_ netfilter: Netfilter, at hook: Netfilter.Hook) -> Answer? {
        let packet = packet(at: hook, netfilter)
        let (new, known) = (judge(packet, netfilter, hook, .new), judge(packet, netfilter, hook, .established))
        if let death = new.fate.death, !new.mayLive {
            if known.fate.death != nil, !known.mayLive { return Answer(.always, death) }
            return Answer(.unlessKnown, death)
        }
        if let death = new.fate.death { return Answer(.perhaps(new.rescue?.reason ?? ""), death) }
        if let doubt = new.doubts.first(where: { $0.consequence == .dead }) {
            return Answer(.perhaps(doubt.reason), doubt.place)
        }
        return nil
    }

    /// The first packet of a connection as it comes to `hook`: with the mark and the NAT of the hooks before it.
    package func packet(at hook: Netfilter.Hook, _ netfilter: Netfilter) -> Netfilter.Packet {
        var packet = packet
        (packet.state, packet.isRedirected) = (.new, .no)
        let earlier: [Netfilter.Hook] =
            switch hook {
            case .ingress, .output: []
            case .prerouting: [.ingress]
            case .input, .forward: [.ingress, .prerouting]
            case .postrouting: packet.isOwn ? [.output] : []
            case .egress: packet.isOwn ? [.output, .postrouting] : []
            }
        for hook in earlier { _ = netfilter.judge(&packet, at: hook) }
        switch hook {
        case .input: packet.destinationTypes.formIntersection([.local, .broadcast, .multicast])
        case .forward: packet.destinationTypes.formIntersection([.unicast])
        default: break
        }
        return packet
    }

    private func judge(
        _ packet: Netfilter.Packet, _ netfilter: Netfilter, _ hook: Netfilter.Hook, _ state: Netfilter.ConnectionState
    ) -> Netfilter.Judgement {
        var packet = packet
        if packet.state != .untracked { packet.state = state }
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
}
