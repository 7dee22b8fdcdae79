// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// What a tunnel wants of its host, whatever is there already.
struct WantedState {
    let settings: TunnelSettings
    /// Our device.
    let device: HostChange.Device
    /// Whether it exists for this tunnel alone.
    let isNew: Bool
    let mtu: Int
    /// Where peers are, by endpoint: those that were given by address, and names whose address is known.
    let known: [PeerAddress: IPv4Address]
    /// What outer packets are marked with.
    var mark = PacketMark.standard
    /// Whose questions to name servers leave beside the tunnel; `nil` for none.
    var questioner: UInt32?
    /// The routes that pin peers to the underlay, and the devices that they lead to.
    var pins: [HostChange] = []
    /// Where this host answers for others.
    var proxyDevice: HostChange.Device?
    /// The devices that packets for the tunnel come in by.
    var forwardDevices: [HostChange.Device] = []
    /// Where routes go that a peer lies behind.
    var routing: PolicyRouting?

    /// Whether the kernel has IPv6, where it is to be kept on the link.
    var hasIPv6 = false
    /// What drops packets that are the tunnel's and leave by another way.
    var filters: [EgressFilter] = []

    /// Those of our outer addresses whose link filters reverse paths strictly.
    var strict: [IPv4Address] = []

    /// The largest block that single proxy entries are made for: /25, 128 of them.
    static let longestProxiedBlock = 25

    /// The changes, in the order in which each can work.
    ///
    /// Filters go first, and after them nothing leaves by another way. Pins come before routes: one into the tunnel may cover
    /// a peer. Addresses come before the device is up, so that no packet leaves with another source, and routes after that,
    /// since they need both. Rules lead to routes that are there.
    var changes: [HostChange] {
        var changes = filters.map(HostChange.filter)
        if settings.killSwitch == .all, hasIPv6 { changes.append(.noIPv6Beyond) }
        changes += pins
        // A device that somebody else made keeps what they chose.
        if isNew { changes.append(.noIPv6(on: device)) }
        changes.append(.mtu(mtu, on: device))
        changes += (settings.addresses + [placeholder].compactMap(\.self)).map { .address($0, on: device) }
        changes.append(.up(device))
        changes += routes
        changes += rules.map(HostChange.rule)
        changes += proxies
        changes += deviceSettings
        return changes
    }

    /// An address for a device that nobody gives one, since it only takes packets out: without any, loose reverse path
    /// filtering is strict (Linux, `fib_validate_source`), and every packet would be dropped. This one is of scope host, so
    /// that it becomes the source of none.
    private var placeholder: InterfaceAddress? {
        guard settings.policy.only == .decapsulate, settings.addresses.isEmpty, isNew else { return nil }
        return InterfaceAddress(IPv4Address(127, 19, 94, 4), prefixLength: 32)
    }

    /// Of which length the prefixes are that must not stand in `main`, because a peer lies or may lie behind them.
    var coveredLengths: Set<Int> { Set(covered.map(\.length)) }

    private var allowed: [Prefix] { settings.peers.flatMap { $0.allowed ?? [] } }

    /// What is routed now. As long as the address of a peer is not known, nothing that is behind it is: the way to a name server may be
    /// among it. A kill switch does not wait.
    private var routed: [Prefix] {
        guard settings.killSwitch == .off else { return allowed }
        return settings.peers.filter { known[$0.endpoint] != nil }.flatMap { $0.allowed ?? [] }
    }

    /// Peers by name whose address is not known.
    var hasUnknown: Bool { settings.peers.contains { known[$0.endpoint] == nil } }

    private var covered: Set<Prefix> {
        guard case .automatic = settings.table else { return [] }
        // No outer packet leaves there; but a container has a default route of its own, which ours must come before.
        guard settings.namespace == nil else { return settings.killSwitch == .off ? [] : Set(allowed) }
        // A name may mean any address tomorrow; rules suit all of them.
        if settings.peers.contains(where: { if case .name = $0.endpoint { true } else { false } }) {
            return Set(allowed)
        }
        let sorted = known.values.map(\.rawValue).sorted()
        return Set(allowed.filter { $0.holdsAny(of: sorted) })
    }

    private var routes: [HostChange] {
        let (main, own): (UInt32, UInt32)
        switch settings.table {
        case .off: return []
        case .number(let number): (main, own) = (number, number)
        case .automatic: (main, own) = (Route.mainTable, routing?.table ?? Route.mainTable)
        }
        let covered = covered
        let connected = Set(settings.addresses.compactMap(\.connected))
        return routed.flatMap { prefix -> [HostChange] in
            let table = covered.contains(prefix) ? own : main
            let source = source(for: prefix)
            let route = Route(
                to: prefix, link: device.index, source: source, protocolNumber: HostChange.protocolNumber, table: table)
            // The kernel makes the very route with the address.
            let isMade = table == Route.mainTable && connected.contains(prefix)
            let routes: [HostChange] = isMade ? [] : [.route(route, on: device)]
            guard settings.killSwitch != .off else { return routes }
            let barrier = Route.unreachable(
                prefix, protocolNumber: HostChange.protocolNumber, metric: WantedState.barrierMetric, table: table)
            return [.route(barrier, on: .none)] + routes
        }
    }

    /// The inner source of packets to a block: the device's address whose network overlaps it, as the kernel would choose,
    /// else its first address.
    private func source(for prefix: Prefix) -> IPv4Address? {
        let near = settings.addresses.first { address in
            guard let network = address.connected else { return false }
            return network.contains(prefix.address) || prefix.length > 0 && prefix.contains(network.address)
        }
        return (near ?? settings.addresses.first)?.address
    }

    /// Next after our own routes (0), and better than what other programs have to the same prefix: that would lead past the tunnel.
    static let barrierMetric: UInt32 = 1
    /// The same in lists of versions before.
    static let formerBarrierMetric: UInt32 = 2_000_000_000

    private var rules: [RoutingRule] {
        let lengths = Set(covered.intersection(routed).map(\.length))
        let order = PolicyRouting.Order(lengths: lengths, mark: mark, strict: strict, questioner: questioner)
        return routing?.rules(order) ?? []
    }

    private var proxies: [HostChange] {
        guard let proxyDevice, let proxyARP = settings.proxyARP else { return [] }
        let entries = WantedState.proxied(settings).map { HostChange.proxy($0, on: proxyDevice) }
        let hasLarge = allowed.contains { $0.length < WantedState.longestProxiedBlock }
        guard proxyARP.scope == .networks, hasLarge else { return entries }
        return entries + [.setting(.proxyARP, 1, on: proxyDevice)]
    }

    /// The addresses that have an entry each.
    static func proxied(_ settings: TunnelSettings) -> [IPv4Address] {
        settings.peers.flatMap { $0.allowed ?? [] }.filter { $0.length >= longestProxiedBlock }.flatMap { prefix in
            (prefix.address.rawValue...prefix.last.rawValue).map { IPv4Address(rawValue: $0) }
        }
    }

    /// Loose reverse path filtering on our device: what comes out of a tunnel has routes that lead elsewhere too.
    private var deviceSettings: [HostChange] {
        var changes: [HostChange] = [
            .setting(.reversePathFilter, 2, on: device), .setting(.sendRedirects, 0, on: device),
            .setting(.acceptLocal, 0, on: device),
        ]
        guard settings.forward != .off else { return changes }
        changes.append(.setting(.forwarding, 1, on: device))
        changes += forwardDevices.map { .setting(.forwarding, 1, on: $0) }
        if let proxyDevice {
            if !forwardDevices.contains(proxyDevice) { changes.append(.setting(.forwarding, 1, on: proxyDevice)) }
            changes.append(.setting(.sendRedirects, 0, on: proxyDevice))
        }
        changes.append(.noCommonRedirects)
        return changes
    }
}
