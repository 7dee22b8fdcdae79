// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Wire

/// Asks one network namespace for single ways, never for whole tables: those may have a million routes.
struct RouteLook: ~Copyable {
    /// The names of links, each asked for once.
    private var links: [Int32: Link] = [:]
    /// How many ways may still be asked for.
    private var questionsLeft = 10_000

    /// The way of a packet.
    mutating func ask(
        _ destination: IPv4Address, from source: IPv4Address? = nil, mark: UInt32 = 0, _ netlink: borrowing Netlink
    ) -> RouteAnswer {
        var question = "ip route get \(destination)"
        if let source { question += " from \(source)" }
        if mark != 0 { question += " mark 0x\(String(mark, radix: 16))" }
        do throws(Errno) {
            let route = try netlink.lookUp(destination, from: source, mark: mark)
            var answer = RouteAnswer(question, try way(route, netlink))
            if let match = try netlink.matchingRoute(destination, from: source, mark: mark) {
                answer.matched = match.prefix
                let table = match.table == Route.mainTable ? "" : " table \(match.table)"
                answer.route = "\(match.prefix)\(answer.device.map { " dev \($0)" } ?? "")\(table)"
            }
            return answer
        } catch {
            return RouteAnswer(question, .nowhere("\(error)"))
        }
    }

    /// How outer packets of a tunnel leave, for each peer that has an address.
    mutating func askWays(of tunnel: inout TunnelSnapshot, _ netlink: borrowing Netlink) {
        for index in tunnel.peers.indices {
            guard let endpoint = tunnel.peers[index].endpoint else { continue }
            let local = tunnel.local ?? tunnel.peers[index].local
            tunnel.peers[index].way = ask(endpoint, from: local, mark: tunnel.mark.value, netlink)
        }
    }

    /// The command that routes packets to `peer` past the links of these numbers: as the best route goes that is not one of
    /// theirs. The whole main table is read, which may take a while.
    mutating func bypass(_ peer: IPv4Address, besides devices: Set<String>, _ netlink: borrowing Netlink) -> String? {
        var best: (route: Route, name: String)?
        for route in (try? netlink.routes(in: Route.mainTable)) ?? [] {
            guard route.kind == .unicast, route.destination.contains(peer),
                best.map({ ($0.route.destination.length, route.metric) < (route.destination.length, $0.route.metric) })
                    ?? true,
                let name = (try? link(route.link, netlink))?.name, !devices.contains(name)
            else { continue }
            best = (route, name)
        }
        // An exact route is what leads astray, where there is one: another one beside it cannot be added.
        guard let best, best.route.destination.length < 32 else { return nil }
        let gateway = best.route.gateway.map { " via \($0)" } ?? ""
        return "ip route add \(peer)/32\(gateway) dev \(best.name)"
    }

    /// A VRF of this host whose table leads to `peer`, by the names of a link in it and of itself: asked where the main table leads
    /// nowhere.
    mutating func vrf(_ peer: IPv4Address, _ netlink: borrowing Netlink) -> PeerSnapshot.Membership? {
        let connected = (try? netlink.connectedLinks(most: 16)) ?? []
        for index in Set(connected.compactMap(\.master)).sorted() {
            guard let master = (try? link(index, netlink)) ?? nil, master.kind == "vrf",
                let route = try? netlink.lookUp(peer, through: index), route.kind == .unicast,
                let name = (try? link(route.link, netlink))?.name
            else { continue }
            return PeerSnapshot.Membership(link: name, vrf: master.name)
        }
        return nil
    }

    /// The longest packet that the first link of a way to `peer` takes, octets; 0 when there is none.
    mutating func mtu(
        _ peer: IPv4Address, from source: IPv4Address?, mark: PacketMark, _ netlink: borrowing Netlink
    ) -> Int {
        let mark = mark.value
        guard let route = try? netlink.lookUp(peer, from: source, mark: mark), route.kind == .unicast,
            let link = (try? link(route.link, netlink)) ?? nil
        else { return 0 }
        let configured = (try? netlink.configuredMTU(peer, from: source, mark: mark)) ?? nil
        return min(configured ?? link.mtu, link.mtu)
    }

    /// Where packets to a block go: the first and the last host of it, and one in the middle.
    mutating func inner(_ prefix: Prefix, _ netlink: borrowing Netlink) -> PeerSnapshot.InnerWay? {
        let (first, last) = (prefix.address.rawValue, prefix.last.rawValue)
        let samples =
            prefix.length >= 31
            ? [first, last] : [first + 1, first + (last - first) / 2 + 1, last - 1]
        let addresses = Set(samples).sorted().map { IPv4Address(rawValue: $0) }.filter {
            $0.isUnicast || prefix.address.isMulticast
        }
        guard questionsLeft >= addresses.count else { return nil }
        questionsLeft -= addresses.count
        return PeerSnapshot.InnerWay(prefix, addresses.map { ask($0, netlink) })
    }

    private mutating func way(_ route: ResolvedRoute, _ netlink: borrowing Netlink) throws(Errno) -> RouteAnswer.Way {
        switch route.kind {
        case .local: return .local
        case .broadcast: return .many
        case .unreachable: return .nowhere("unreachable")
        case .unicast, .multicast:
            let name = try link(route.link, netlink)?.name ?? "?"
            return .out(device: name, gateway: route.gateway, source: route.source)
        }
    }

    private mutating func link(_ index: Int32, _ netlink: borrowing Netlink) throws(Errno) -> Link? {
        if links[index] == nil { links[index] = try netlink.link(index: index) }
        return links[index]
    }
}
