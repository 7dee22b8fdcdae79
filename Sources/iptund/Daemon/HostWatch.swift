// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// Follows what changes on the host while a tunnel is up: our own addresses, and how packets leave for each peer.
struct HostWatch: ~Copyable {
    private let changes: NetworkChanges
    /// What changes where the device is, if that is another network namespace.
    private let changesAtDevice: NetworkChanges?
    /// Whether that namespace still has its name: it would live for as long as we hold it.
    private let names: DirectoryWatch?
    private let namespace: String?
    /// Whether it has been deleted.
    private(set) var isNamespaceGone = false
    private var peersInTunnel: Set<IPv4Address> = []
    private var ways: [IPv4Address: Leaving] = [:]
    /// When to look next, milliseconds; `nil` while nothing has changed.
    private var dueAt: UInt64? = 0
    /// Not before this, milliseconds: so that a look at many peers does not follow upon another.
    private var restingUntil: UInt64 = 0

    /// Changes come in crowds; this long is waited for more of them, milliseconds.
    private static let patience: UInt64 = 100
    /// A look that failed is repeated after so long, milliseconds.
    private static let again: UInt64 = 1_000
    /// After a look that took some time it may rest so many times as long.
    private static let rest: UInt64 = 10

    /// How packets leave for a peer, for people.
    private struct Leaving: Equatable {
        let gateway: IPv4Address?
        let link: Int32
    }

    /// What to look at.
    struct Question {
        /// The peers' addresses by place, `nil` for a vacant place and for a peer without one.
        let endpoints: [IPv4Address?]
        /// Our outer address, if somebody named it.
        let local: IPv4Address?
        /// Our device, where outer packets must not go; 0 when it is in another network namespace.
        let device: Int32
        /// What outer packets are marked with.
        var mark = PacketMark.standard

        /// Where peers may be.
        var scope: WayFinder.Scope { device == 0 ? .everywhere : .otherHosts }
    }

    /// What was found when it was looked.
    struct Findings {
        /// Addresses of the host where outer packets leave.
        var addresses: Set<IPv4Address> = []
        /// Addresses of the host that the device belongs to.
        var addressesAtDevice: Set<IPv4Address> = []
        /// The way to each peer that has an address, by place.
        var ways: [Int: Result<Way, Way.Obstacle>] = [:]
        /// Places whose peer is routed into the tunnel that it is the other end of.
        var inTunnel: Set<Int> = []
        /// Peers of which this is new.
        var newlyInTunnel: [IPv4Address] = []
        /// Peers that packets now leave for by another way, and which.
        var newWays: [NewWay] = []
    }

    /// How packets leave for a peer now.
    struct NewWay: Equatable {
        let peer: IPv4Address
        let gateway: IPv4Address?
        /// The device's name.
        let device: String
    }

    /// Begins to listen. It is due at once.
    static func start(_ place: borrowing DevicePlace) throws(Errno) -> HostWatch {
        let names = place.name == nil ? nil : try DirectoryWatch(NetworkNamespace.directory)
        return HostWatch(
            changes: try NetworkChanges(), changesAtDevice: try changes(at: place), names: names, namespace: place.name)
    }

    private init(
        changes: consuming NetworkChanges, changesAtDevice: consuming NetworkChanges?, names: consuming DirectoryWatch?,
        namespace: String?
    ) {
        self.changes = changes
        self.changesAtDevice = changesAtDevice
        self.names = names
        self.namespace = namespace
    }

    private static func changes(at place: borrowing DevicePlace) throws(Errno) -> NetworkChanges? {
        guard place.name != nil else { return nil }
        return try place.inside { () throws(Errno) in try NetworkChanges() }
    }

    /// The neighbour that outer packets to a peer are handed to.
    struct NextHop: Hashable {
        let address: IPv4Address
        let link: Int32
    }

    /// Returns the neighbour that packets to `peer` were handed to at the last look; `nil` without a route.
    func nextHop(to peer: IPv4Address) -> NextHop? {
        ways[peer].map { NextHop(address: $0.gateway ?? peer, link: $0.link) }
    }

    /// That something changed: here, where the device is, and among the names of namespaces.
    var interests: [Poll.Interest] {
        [.reading(changes.descriptor), HostWatch.interest(in: changesAtDevice), HostWatch.interest(in: names)]
    }

    private static func interest(in names: borrowing DirectoryWatch?) -> Poll.Interest {
        switch names {
        case .some(let names): .reading(names.descriptor)
        case .none: .nothing
        }
    }

    private static func interest(in changes: borrowing NetworkChanges?) -> Poll.Interest {
        switch changes {
        case .some(let changes): .reading(changes.descriptor)
        case .none: .nothing
        }
    }

    /// How long the main thread may sleep at most, milliseconds; -1 for as long as it likes.
    func timeoutMilliseconds(at now: UInt64) -> Int32 {
        guard let dueAt else { return -1 }
        return Int32(clamping: dueAt > now ? dueAt - now : 0)
    }

    /// Something changed: it is due soon.
    mutating func listen(at now: UInt64) {
        let isHere = changes.drain()
        let isThere = changesAtDevice?.drain() ?? false
        if let namespace, let removed = names?.removed(), removed.contains(namespace) { isNamespaceGone = true }
        if isHere || isThere { lookAgain(at: now + HostWatch.patience) }
    }

    /// Makes it due, at the latest at `moment`, milliseconds.
    mutating func lookAgain(at moment: UInt64) {
        let moment = max(moment, restingUntil)
        dueAt = min(dueAt ?? moment, moment)
    }

    /// Makes it due now, however long the last look took.
    mutating func lookAtOnce() { (dueAt, restingUntil) = (0, 0) }

    /// Looks, when it is due; `nil` when it is not, or when the kernel does not answer.
    mutating func look(
        _ question: Question, _ netlink: borrowing Netlink, atDevice: borrowing Netlink, at now: UInt64
    ) -> Findings? {
        guard let dueAt, dueAt <= now else { return nil }
        self.dueAt = nil
        guard let addresses = try? netlink.addresses(link: nil), let inner = try? atDevice.addresses(link: nil) else {
            self.dueAt = now + HostWatch.again
            return nil
        }
        var findings = Findings(
            addresses: Set(addresses.map(\.address)), addressesAtDevice: Set(inner.map(\.address)))
        var finder = WayFinder(question.scope, mark: question.mark)
        for (place, endpoint) in question.endpoints.enumerated() {
            guard let endpoint else { continue }
            look(for: endpoint, at: place, question, &finder, netlink, &findings)
        }
        forget(allBut: question.endpoints)
        return findings
    }

    /// Peers come and go; what is known of those that are gone need not stay for ever.
    private mutating func forget(allBut endpoints: [IPv4Address?]) {
        guard ways.count > 2 * endpoints.count else { return }
        let present = Set(endpoints.compactMap(\.self))
        ways = ways.filter { present.contains($0.key) }
        peersInTunnel.formIntersection(present)
    }

    /// Rests for many times as long as the look that began at `start`, milliseconds, and what followed from it took.
    mutating func rest(since start: UInt64) {
        restingUntil = start + (Clock.milliseconds - start) * HostWatch.rest
    }

    private mutating func look(
        for peer: IPv4Address, at place: Int, _ question: Question, _ finder: inout WayFinder,
        _ netlink: borrowing Netlink, _ findings: inout Findings
    ) {
        let way: Result<Way, Way.Obstacle>
        do throws(Way.Obstacle) {
            way = .success(try finder.find(peer, from: question.local, netlink))
        } catch {
            way = .failure(error)
        }
        findings.ways[place] = way
        guard case .success(let found) = way else { return }
        if found.link == question.device, question.device != 0 {
            findings.inTunnel.insert(place)
            if peersInTunnel.insert(peer).inserted { findings.newlyInTunnel.append(peer) }
        } else {
            peersInTunnel.remove(peer)
        }
        if let way = newWay(to: peer, found, netlink) { findings.newWays.append(way) }
    }

    /// The way to a peer, if it is another than before.
    private mutating func newWay(to peer: IPv4Address, _ way: Way, _ netlink: borrowing Netlink) -> NewWay? {
        let leaving = Leaving(gateway: way.gateway, link: way.link)
        let before = ways.updateValue(leaving, forKey: peer)
        guard let before, before != leaving else { return nil }
        let link = (try? netlink.link(index: way.link))?.name ?? "link \(way.link)"
        return NewWay(peer: peer, gateway: way.gateway, device: link)
    }
}
