// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// How outer packets reach a peer today.
struct Way: Equatable {
    /// Our address towards it.
    let local: IPv4Address
    /// The router on the way; `nil` when the peer is on the link.
    let gateway: IPv4Address?
    /// The number of the link that they leave by.
    let link: Int32
    /// The longest outer packet that the route takes, octets.
    let mtu: Int

    /// The inner MTU that makes every outer packet fit.
    var tunnelMTU: Int {
        let range = TunnelSettings.mtuRange
        return min(max(mtu - OuterHeader.length, range.lowerBound), range.upperBound)
    }

    /// Why there is none.
    enum Obstacle: Error, Equatable {
        /// The kernel knows no way: it may learn one.
        case noRoute(Errno)
        /// The route gives no source: the interface has no address yet.
        case noSource
        /// The address is this host's own.
        case isOurs
        /// The address is a group's or everybody's.
        case isNoHost

        /// Whether it may pass without anybody giving another address.
        var mayPass: Bool {
            switch self {
            case .noRoute, .noSource: true
            case .isOurs, .isNoHost: false
            }
        }

        /// What is wrong with the peer's address, or with the way to it.
        var why: String {
            switch self {
            case .noRoute(let error): "there is no way to it (\(error))"
            case .noSource: "the route to it names no address of ours"
            case .isOurs: "is an address of this host"
            case .isNoHost: "is no single host"
            }
        }
    }
}

/// Asks the routing table for ways, and for each link once. For one look: what it knows of links grows old.
struct WayFinder: ~Copyable {
    private let scope: Scope
    private let mark: UInt32
    private var links: [Int32: Int] = [:]

    /// Where peers may be.
    enum Scope {
        /// On other hosts: what is routed to this one never enters the tunnel.
        case otherHosts
        /// Here too: the device is in another network namespace, which is a host of its own.
        case everywhere

        /// For a tunnel whose device is in the network namespace of this name.
        init(deviceIn namespace: String?) { self = namespace == nil ? .otherHosts : .everywhere }
    }

    /// For outer packets with this mark.
    init(_ scope: Scope, mark: PacketMark = .standard) { (self.scope, self.mark) = (scope, mark.value) }

    /// How packets leave for `peer`, with `local` as their source, which rules may ask for, or with what the route says.
    ///
    /// Needs no privilege.
    mutating func find(
        _ peer: IPv4Address, from local: IPv4Address?, _ netlink: borrowing Netlink
    ) throws(Way.Obstacle) -> Way {
        let route = try asked { () throws(Errno) in try netlink.lookUp(peer, from: local, mark: mark) }
        switch route.kind {
        case .unicast: break
        case .local:
            guard scope == .everywhere, (local ?? route.source) != peer else { throw .isOurs }
        case .broadcast, .multicast, .unreachable: throw .isNoHost
        }
        guard let source = local ?? route.source else { throw .noSource }
        guard local == nil else { return try way(to: peer, by: route, from: source, netlink) }
        let sourced = try asked { () throws(Errno) in try netlink.lookUp(peer, from: source, mark: mark) }
        return try way(to: peer, by: sourced, from: source, netlink)
    }

    private mutating func way(
        to peer: IPv4Address, by route: ResolvedRoute, from source: IPv4Address, _ netlink: borrowing Netlink
    ) throws(Way.Obstacle) -> Way {
        let most = try mtu(of: route.link, netlink)
        let configured = try asked { () throws(Errno) in
            try netlink.configuredMTU(peer, from: source, mark: mark)
        }
        return Way(
            local: source, gateway: route.gateway, link: route.link,
            mtu: min(configured ?? most, most, IPv4Packet.maximumLength))
    }

    private mutating func mtu(of link: Int32, _ netlink: borrowing Netlink) throws(Way.Obstacle) -> Int {
        if let known = links[link] { return known }
        guard let mtu = try asked({ () throws(Errno) in try netlink.link(index: link)?.mtu }) else {
            throw .noRoute(.noDevice)
        }
        links[link] = mtu
        return mtu
    }

    private func asked<Value>(_ question: () throws(Errno) -> Value) throws(Way.Obstacle) -> Value {
        do throws(Errno) { return try question() } catch { throw .noRoute(error) }
    }
}
