// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// Makes plans: looks at the host, and compares what is there with what a tunnel wants. Changes nothing.
struct Planning {
    let settings: TunnelSettings
    let device: DeviceFacts
    /// How outer packets leave for those peers that are given by address.
    let ways: [IPv4Address: Way]
    /// What other tunnels of this host want too.
    let shared: Set<Step>
    /// What this tunnel has made before, or one of this name left that died, and which this one takes over.
    var own: TunnelState?
    /// The addresses of peers that are known by name.
    var learned: [PeerAddress: IPv4Address] = [:]
    /// What outer packets are marked with.
    var mark = PacketMark.standard
    /// Who asks for names.
    var resolver: UInt32 = 0
    /// Places for tables and rules that other tunnels have, whether or not there is anything.
    var takenPlaces: Set<PolicyRouting> = []
    /// Why the kill switch has no second layer here; `nil` as far as is known.
    var filterObstacle: String?

    /// What was found.
    struct Outcome {
        /// The changes, in the order in which each can work.
        let wanted: [HostChange]
        let reconciliation: Reconciliation
        /// The tunnel's own device.
        let device: HostChange.Device
        let routing: PolicyRouting?
        /// The MTU of the device.
        let mtu: Int
        /// Why the kill switch has no second layer.
        let filterObstacle: String?
        /// What people should know before packets vanish.
        let warnings: [String]
    }

    /// The MTU of the device: the smallest that a way to a peer leaves.
    var mtu: Int {
        if let mtu = settings.mtu { return mtu }
        let known = ways.values.map(\.tunnelMTU).min()
        let hasNames = settings.peers.contains { if case .name = $0.endpoint { true } else { false } }
        guard let known else { return TunnelSettings.defaultMTU }
        return hasNames ? min(known, TunnelSettings.defaultMTU) : known
    }

    /// Looks and compares. Needs no privilege.
    ///
    /// - Parameters:
    ///   - underlay: a session where outer packets leave.
    ///   - netlink: a session where the device is.
    func make(underlay: borrowing Netlink, _ netlink: borrowing Netlink) throws(Complaint) -> Outcome {
        var wanted = try want(underlay: underlay, netlink)
        try checkTable(netlink)
        let obstacle = try filterObstacle(wanted, netlink)
        if obstacle != nil { wanted.filters = [] }
        let (changes, device, shared, list) = (wanted.changes, device, shared, own?.steps ?? [])
        let facts = try asked { () throws(Errno) in
            try HostFacts.gather(about: changes + list.map(\.change), device, shared: shared, netlink)
        }
        return Outcome(
            wanted: changes, reconciliation: Reconciliation(to: changes, from: list, facts), device: device.device,
            routing: wanted.routing, mtu: mtu, filterObstacle: obstacle,
            warnings: [
                warning(about: settings.mtu, underlay), warning(of: obstacle), warning(aboutIPv6: netlink),
                warning(aboutWaysPast: netlink),
                warning(aboutRulesBefore: netlink), warningAboutNameServer,
            ].compactMap(\.self)
                + warnings(wanted, facts))
    }

    /// What the tunnel wants of the host as it is now.
    func want(underlay: borrowing Netlink, _ netlink: borrowing Netlink) throws(Complaint) -> WantedState {
        var wanted = WantedState(
            settings: settings, device: device.device, isNew: device.isNew, mtu: mtu, known: known)
        wanted.mark = mark
        wanted.questioner = questioner
        wanted.proxyDevice = try proxyDevice(netlink)
        wanted.forwardDevices = try forwardDevices(netlink)
        wanted.pins = try pins(underlay, netlink)
        let rules = try asked { () throws(Errno) in try netlink.rules() }
        wanted.routing = try routing(for: wanted, besides: rules, netlink)
        if wanted.routing != nil, settings.namespace == nil { wanted.strict = strictLocals(underlay) }
        if settings.killSwitch == .all { wanted.hasIPv6 = try asked { () throws(Errno) in try netlink.hasIPv6() } }
        wanted.filters = try filters(besides: rules, own: wanted.routing?.table, netlink)
        return wanted
    }

    private func asked<Value>(_ question: () throws(Errno) -> Value) throws(Complaint) -> Value {
        try explaining("cannot read the routing table", whatNow: "this should not happen", question)
    }

    /// Where peers are.
    var known: [PeerAddress: IPv4Address] {
        settings.peers.reduce(into: [:]) { known, peer in
            if case .address(let address) = peer.endpoint { known[peer.endpoint] = address }
            if let address = learned[peer.endpoint] { known[peer.endpoint] = address }
        }
    }

    /// Whose questions to name servers leave beside the tunnel: as long as a kill switch would keep an answer from coming. Root's
    /// are not told from those of others.
    var questioner: UInt32? {
        guard settings.killSwitch != .off, resolver != 0 else { return nil }
        let known = known
        guard settings.peers.contains(where: { known[$0.endpoint] == nil }) else { return nil }
        return resolver
    }

    /// The pins of peers that something may lead into the tunnel.
    private func pins(_ underlay: borrowing Netlink, _ netlink: borrowing Netlink) throws(Complaint) -> [HostChange] {
        guard Pin.isWanted(settings) else { return [] }
        let (device, local) = (device.device.index, settings.local)
        let known = known
        let addresses = settings.peers.compactMap { known[$0.endpoint] }
        return try asked { () throws(Errno) in
            let routed = device == 0 ? [] : try netlink.destinations(in: Route.mainTable, by: device)
            let peers = Pin.peers(of: settings, known: addresses, routed: routed)
            let made = (own?.steps ?? []).map(\.change).filter(\.isPin)
            let routes = try Pin.routes(
                to: peers, made: made.compactMap(\.route), routed: routed, besides: device, local: local, mark: mark,
                user: User.current.id, underlay)
            var names: [Int32: String] = [:]
            return try routes.map { route throws(Errno) in
                if names[route.link] == nil { names[route.link] = try underlay.link(index: route.link)?.name }
                let name = names[route.link] ?? "if\(route.link)"
                return .route(route, on: HostChange.Device(index: route.link, name: name))
            }
        }
    }

    private func proxyDevice(_ netlink: borrowing Netlink) throws(Complaint) -> HostChange.Device? {
        guard let name = settings.proxyARP?.device.text else { return nil }
        guard let link = try asked({ () throws(Errno) in try netlink.link(named: name) }) else {
            throw Complaint(
                "ProxyARP = \(name)", why: "there is no such device", whatNow: "'ip link' lists them; is it up later?")
        }
        guard link.index != device.device.index else {
            throw Complaint(
                "ProxyARP = \(name)", why: "is the tunnel's own device", whatNow: "name the one of the LAN")
        }
        return HostChange.Device(index: link.index, name: link.name)
    }

    /// The devices that packets for the tunnel may come in by. ProxyARP names the one where hosts send to us.
    private func forwardDevices(_ netlink: borrowing Netlink) throws(Complaint) -> [HostChange.Device] {
        switch settings.forward {
        case .off: return []
        case .connected:
            if settings.proxyARP != nil { return [] }
            let links = try asked { () throws(Errno) in try netlink.connectedLinks() }
            return links.filter { $0.index != device.device.index }.map {
                HostChange.Device(index: $0.index, name: $0.name)
            }
        case .devices(let names):
            var devices: [HostChange.Device] = []
            for name in names {
                let found = try asked { () throws(Errno) in try netlink.link(named: name.text) }
                guard let link = found, link.index != device.device.index else {
                    throw Complaint(
                        "Forward = \(name.text)", why: found == nil ? "there is no such device" : "is the tunnel's own",
                        whatNow: "name the one that hosts behind this one are at; 'ip link' lists them")
                }
                devices.append(HostChange.Device(index: link.index, name: link.name))
            }
            return devices
        }
    }

    /// A place for a table and rules of our own, if a peer lies behind our own routes.
    private func routing(
        for wanted: WantedState, besides rules: [RuleSummary], _ netlink: borrowing Netlink
    ) throws(Complaint) -> PolicyRouting? {
        guard !wanted.coveredLengths.isEmpty else { return nil }
        if let made = own?.routing { return made }
        let free = try explaining("cannot read the routing table", whatNow: "this should not happen") {
            () throws(Errno) in
            try PolicyRouting.free(besides: rules, taken: takenPlaces) { table throws(Errno) in
                try netlink.routeProtocols(in: table).isEmpty
            }
        }
        if let free { return free }
        throw Complaint(
            "no routing table", why: "\(PolicyRouting.places.count) tunnels of this host have one of their own already",
            whatNow: "give one [Interface] several [Peer]s, or Table = off and routes of your own")
    }

    /// A table that people write to may be written to by us; one that a program sees to would not stay as we leave it.
    private func checkTable(_ netlink: borrowing Netlink) throws(Complaint) {
        guard case .number(let table) = settings.table, table != Route.mainTable else { return }
        let makers = try asked { () throws(Errno) in try netlink.routeProtocols(in: table) }
        guard let stranger = makers.subtracting(Planning.people).min() else { return }
        throw Complaint(
            "Table = \(table)",
            why: "another program sees to this table (its routes are proto \(RouteMaker.text(stranger)))",
            whatNow: "choose another number; 'ip route show table \(table)' shows what is there")
    }

    /// Who makes routes by hand, or without meaning to keep others away: the kernel, `ip` in two ways, and we.
    private static let people: Set<UInt8> = [0, 2, 3, 4, HostChange.protocolNumber]

    /// That packets as long as somebody asked for do not pass; said when the device gets that MTU.
    private func warning(about mtu: Int?, _ underlay: borrowing Netlink) -> String? {
        guard let mtu, own == nil || mtu != device.mtu,
            let way = ways.values.min(by: { $0.tunnelMTU < $1.tunnelMTU }), mtu > way.tunnelMTU
        else { return nil }
        let link = (try? underlay.link(index: way.link))?.name ?? "link \(way.link)"
        return
            "MTU = \(mtu) is more than \(link) can carry (\(way.tunnelMTU) and the outer header): longer packets "
            + "will be cut, or answered with the MTU that fits; leave MTU out"
    }

    /// What is missing for packets to pass between the device that proxies and the tunnel, with the commands that help.
    private func warnings(_ wanted: WantedState, _ facts: HostFacts) -> [String] {
        guard let proxyDevice = wanted.proxyDevice else {
            guard settings.forward == .connected, wanted.forwardDevices.isEmpty else { return [] }
            return ["Forward = yes: this host is connected to no network; packets are forwarded out of the tunnel only"]
        }
        var warnings: [String] = []
        let isOff = facts.settings[proxyDevice.index]?[.forwarding] == 0
        if settings.forward == .off, isOff || facts.settings[device.device.index]?[.forwarding] == 0 {
            warnings.append(
                "ProxyARP = \(proxyDevice.name) answers nobody as long as nothing is forwarded: Forward = yes, or "
                    + "'sysctl -w net.ipv4.conf.\(proxyDevice.name).forwarding=1 "
                    + "net.ipv4.conf.\(device.device.name).forwarding=1'")
        }
        let large = settings.peers.flatMap { $0.allowed ?? [] }.filter { $0.length < WantedState.longestProxiedBlock }
        if settings.proxyARP?.scope == .hosts, let block = large.first {
            warnings.append(
                "ProxyARP = \(proxyDevice.name) leaves out \(block)\(large.count > 1 ? " and others" : ""): so large a "
                    + "block is answered for only by 'ProxyARP = \(proxyDevice.name) networks'")
        }
        return warnings
    }
}
