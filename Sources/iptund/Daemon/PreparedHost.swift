// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Tunnel
internal import Wire

/// The host after set-up: everything open that needed privilege, every change made, and somebody to take them back.
struct PreparedHost: ~Copyable {
    /// Keeps the kernel from answering for us, to the last moment.
    private let kernelGuard: Guard
    private var ports: [Worker.Ports]
    let user: User
    let order: Order
    let outcome: Planning.Outcome
    /// How to end when it does not come up: barriers that one of this name left when it died stay.
    private let farewell: Fork.Farewell
    private var keeper: Keeper?
    private var keeperLine: KeeperLine?
    private var reconciler: Reconciler
    private var resolver: ResolverProcess?
    private var control: ControlServer?
    /// Listens where the device is, too, which only privilege can reach.
    private var watch: HostWatch?
    private var prober: Prober?

    /// What a tunnel starts from.
    struct Order {
        let settings: TunnelSettings
        let options: Daemon.Options
        let roster: Roster
        let ways: [IPv4Address: Way]
        let mark: PacketMark
        /// Where peers were last that are known by name.
        let learned: [PeerAddress: IPv4Address]
    }

    /// Opens the sockets, forks the keeper, and makes the changes. Requires `CAP_NET_ADMIN` and `CAP_NET_RAW`.
    /// - Throws: why it did not work, after everything that was done is undone.
    static func prepare(
        _ settings: TunnelSettings, _ options: Daemon.Options, _ claim: borrowing Claim,
        _ place: borrowing DevicePlace, underlay: borrowing Netlink
    ) throws(Complaint) -> PreparedHost {
        let setUp = try SetUpLock.take(in: place.identity)
        let registry = TunnelRegistry.read(
            besides: TunnelRegistry.Place(
                directory: claim.directory, namespace: place.identity, isElsewhere: place.name != nil), place.netlink)
        var host: PreparedHost
        do throws(Complaint) {
            let order = try order(settings, options, claim.left, registry, underlay)
            host = try open(order, claim, registry, place, underlay: underlay)
        } catch {
            // There is no keeper yet, and nothing to take back.
            if !Files.exists(claim.directory.state) { claim.directory.remove() }
            setUp.release()
            throw error
        }
        let echo = options.echo.inside(place.name)
        do throws(Complaint) {
            let name = claim.device.isPersistent ? nil : settings.tuntap(claim.device.name)
            try host.change(creating: name, place.netlink, echo)
        } catch {
            // Whoever takes the changes back waits for this lock.
            setUp.release()
            let farewell = host.farewell
            host.end(farewell)
            throw error
        }
        if place.name == nil { host.sayAboutOthers(registry, claim.device.name, underlay) }
        setUp.release()
        return host
    }

    /// What a tunnel of these settings starts from beside the others.
    private static func order(
        _ settings: TunnelSettings, _ options: Daemon.Options, _ left: TunnelState?, _ registry: TunnelRegistry,
        _ underlay: borrowing Netlink
    ) throws(Complaint) -> Order {
        var candidate = TunnelRegistry.Candidate(settings: settings)
        let mark = try registry.mark(for: candidate, left: left, besides: Daemon.rules(underlay))
        let start = try Start.look(settings, mark, left, underlay)
        candidate.learned = start.learned
        try registry.check(candidate)
        return Order(
            settings: settings, options: options, roster: start.roster, ways: start.ways, mark: mark,
            learned: start.learned)
    }

    /// What people should know of tunnels and rules beside this one, when all routes are made.
    private func sayAboutOthers(_ registry: TunnelRegistry, _ device: String, _ underlay: borrowing Netlink) {
        let log = StandardErrorLog.logger(of: reconciler.directory.name)
        let candidate = TunnelRegistry.Candidate(settings: order.settings, learned: order.learned)
        for nesting in registry.nestings(candidate, mark: order.mark) { log.notice("\(nesting)") }
        for loop in registry.loops(order.roster, device, mark: order.mark, underlay) { log.warning("\(loop)") }
        for rule in TunnelRegistry.rules(about: order.mark, among: (try? underlay.rules()) ?? []) {
            log.warning(
                "rule \(rule.priority) of another program (fwmark \(rule.mark?.description ?? "")) leads outer packets, which have the mark \(order.mark): 'ip rule' shows it; FwMark gives them another"
            )
        }
        if order.settings.mark != nil {
            for other in registry.sharing(order.mark) {
                log.warning(
                    "outer packets of tunnel \(other) have the mark \(order.mark), too: neither tunnel goes through the other"
                )
            }
        }
    }

    /// Makes the changes, and hands the host over to its keeper.
    private mutating func change(
        creating device: String?, _ netlink: borrowing Netlink, _ echo: Echo
    ) throws(Complaint) {
        let reconciliation = outcome.reconciliation
        try reconciler.note(reconciliation.everything)
        try echo(reconciliation, creating: device) { addition throws(Complaint) in
            do throws(Errno) {
                try Reconciler.make(addition, netlink)
            } catch  where addition.step.change.isPin {
                // The keeper tries again, and says so; no tunnel ends because of it.
                standardError("iptund: \(addition.step.change.failure): \(error); it is tried again")
            } catch .exists {
                throw Complaint(inTheWayOf: addition.step.change)
            } catch {
                throw Complaint(addition.step.change.failure, error, whatNow: "all was taken back")
            }
        }
        // Barriers of a tunnel of this name that died stayed until this one has its own.
        let result = try reconciler.conclude(reconciliation, netlink)
        echo.commands(result.commands)
        for failure in result.failures { standardError("iptund: \(failure)") }
        PreparedHost.begin(keeper)
    }

    private static func begin(_ keeper: borrowing Keeper?) {
        switch keeper {
        case .some(let keeper): keeper.begin()
        case .none: break
        }
    }

    /// The control socket, for whoever serves it.
    mutating func takeControl() -> ControlServer? { control.take() }

    /// Who asks for names, for whoever wants to know.
    mutating func takeResolver() -> ResolverProcess? { resolver.take() }

    /// What follows the host's changes, for whoever has to act on them.
    mutating func takeWatch() -> HostWatch? { watch.take() }

    /// Who asks peers for a sign of life, if somebody should.
    mutating func takeProber() -> Prober? { prober.take() }

    /// What the data path works with, for whoever starts it.
    mutating func takePorts() -> [Worker.Ports] {
        defer { ports = [] }
        return ports
    }

    /// The line to the keeper, for the service.
    mutating func takeKeeperLine() -> KeeperLine? { keeperLine.take() }

    /// Has the keeper take the changes back and remove the directory. One that has died leaves it to `iptund down`.
    consuming func end(_ farewell: Fork.Farewell) {
        keeperLine = nil
        keeper.take()?.finish(farewell)
    }
}

/// What needs privilege but changes nothing, and last the children, who must not share what comes later.
extension PreparedHost {
    private static func open(
        _ order: Order, _ claim: borrowing Claim, _ registry: TunnelRegistry, _ place: borrowing DevicePlace,
        underlay: borrowing Netlink
    ) throws(Complaint) -> PreparedHost {
        let settings = order.settings
        let kernelGuard = try explaining("cannot open a raw socket for protocol 4", whatNow: Prerequisites.remedy) {
            () throws(Errno) in try Guard(mark: order.mark)
        }
        let ports = try openPorts(order, claim, place)
        try checkPolicies(ports, order.roster)
        let prober = try explaining("cannot open what asks peers for a sign of life", whatNow: Prerequisites.remedy) {
            () throws(Errno) in try Prober.open(settings, order.mark, place)
        }
        let device = try DeviceFacts.state(of: claim.device, place.netlink)
        let user = try Surrender.user(settings.user)
        var planning = Planning(
            settings: settings, device: device, ways: order.ways, shared: registry.shared, own: claim.left)
        (planning.mark, planning.learned, planning.takenPlaces) = (order.mark, order.learned, registry.places)
        let asker = Surrender.resolver(beside: user)
        // Questions of everybody's user are not told from those of others.
        planning.resolver = asker == .nobody ? 0 : asker.id
        let outcome = try planning.make(underlay: underlay, place.netlink)
        _ = try outcome.reconciliation.checked()
        Surrender.note(user, settings.user, StandardErrorLog.logger())
        let control = try listen(claim.directory, user)
        let watch = try explaining("cannot listen to the kernel", whatNow: "this should not happen") {
            () throws(Errno) in try HostWatch.start(place)
        }
        let state = try TunnelState(order, outcome, device.device, place, name: claim.directory.name)
        let reconciler = Reconciler(claim.directory, state, isInFile: false)
        let resolver = try startResolver(order, asker)
        let keeper = try startKeeper(order, outcome, device, reconciler, planning.resolver, claim, place)
        let line = try explaining("cannot hear the keeper", whatNow: "is the limit of open files reached?") {
            () throws(Errno) in try keeper.line()
        }
        return PreparedHost(
            kernelGuard: kernelGuard, ports: ports, user: user, order: order, outcome: outcome,
            farewell: claim.left == nil ? .said : .missing, keeper: keeper, keeperLine: line, reconciler: reconciler,
            resolver: resolver, control: control, watch: watch, prober: prober)
    }

    private static func startKeeper(
        _ order: Order, _ outcome: Planning.Outcome, _ device: DeviceFacts, _ reconciler: Reconciler,
        _ resolver: UInt32, _ claim: borrowing Claim, _ place: borrowing DevicePlace
    ) throws(Complaint) -> Keeper {
        let path = claim.directory.keeperSocket
        var control = try explaining("cannot listen at \(path)", whatNow: "give another --runtime-directory") {
            () throws(Errno) in try ControlServer(path)
        }
        control.keepToRoot()
        var settings = order.settings
        settings.mtu = outcome.mtu
        let (number, echo) = (control.fileDescriptor, order.options.echo.inside(place.name))
        let netlink = try place.openNetlink()
        let underlay = try Daemon.openNetlink()
        do throws(Errno) {
            let changes = try place.inside { () throws(Errno) in try NetworkChanges(hasIPv6: true) }
            let duty = KeeperDuty(
                settings: settings, roster: order.roster, mark: order.mark, resolver: resolver, reconciler: reconciler,
                wanted: outcome.wanted,
                needless: outcome.reconciliation.needless, filterObstacle: outcome.filterObstacle,
                isDeviceNew: device.isNew, netlink: netlink,
                underlay: underlay, changes: changes, changesAtUnderlay: try NetworkChanges(),
                filterChanges: try? place.inside { () throws(Errno) in try FilterChanges() },
                control: control, controlNumber: number, echo: echo)
            return try Keeper.start(duty, lock: claim.lock)
        } catch {
            throw Complaint("cannot start the keeper", error, whatNow: "is the process limit reached?")
        }
    }

    /// A tunnel that was started from a file may be given names later.
    private static func startResolver(_ order: Order, _ user: User) throws(Complaint) -> ResolverProcess? {
        guard !order.roster.hosts.isEmpty || order.options.file != nil else { return nil }
        return try explaining("cannot start the resolver", whatNow: "is the process limit reached?") {
            () throws(Errno) in try ResolverProcess.start(as: user)
        }
    }

    /// What each worker reads from and writes to.
    private static func openPorts(
        _ order: Order, _ claim: borrowing Claim, _ place: borrowing DevicePlace
    ) throws(Complaint) -> [Worker.Ports] {
        let (count, capacity) = (order.settings.workers.count, Datapath.batchCapacity)
        let (local, mark) = (order.roster.commonLocal, order.mark)
        var ports: [Worker.Ports] = []
        for index in 0..<count {
            do throws(Errno) {
                let device =
                    index == 0
                    ? try claim.device.duplicate()
                    : try place.inside { () throws(Errno) in try claim.device.nextQueue() }
                let receiver = try RawReceiver(capacity: capacity, mark: mark, worker: index, of: count)
                let sender = try RawSender(capacity: capacity, local: local, mark: mark, worker: index, of: count)
                let reports = try place.inside { () throws(Errno) in try ReportSocket(capacity: capacity) }
                ports.append(Worker.Ports(device: device, receiver: receiver, sender: sender, reports: reports))
            } catch {
                throw Complaint("cannot open what worker \(index) needs", error, whatNow: Prerequisites.remedy)
            }
        }
        return ports
    }

    /// Refuses to send in clear what a policy wants protected or blocked, where the kernel would not apply it to us.
    private static func checkPolicies(_ ports: [Worker.Ports], _ roster: Roster) throws(Complaint) {
        guard !ports.allSatisfy(\.isProtocolKnown) else { return }
        let policies = try explaining("cannot ask for IPsec policies", whatNow: "run it as root") {
            () throws(Errno) in try Netlink.securityPolicies()
        }
        let peers = roster.places.compactMap { roster.members[$0] }
        let policy = policies.first { policy in
            policy.direction == .outgoing && policy.action != .pass && policy.ipProtocol == IPProtocol.ipip.rawValue
                && peers.contains { $0.address.map(policy.destination.contains) ?? true }
        }
        guard let policy else { return }
        throw Complaint(
            "an IPsec policy for protocol 4 to \(policy.destination)",
            why: "this kernel does not apply it to packets of iptund, which would leave in clear",
            whatNow: "take Linux 6.4 or later, or a later kernel of the same series")
    }

    private static func listen(_ directory: RuntimeDirectory, _ user: User) throws(Complaint) -> ControlServer {
        let path = directory.controlSocket
        var control = try explaining("cannot listen at \(path)", whatNow: "give another --runtime-directory") {
            () throws(Errno) in try ControlServer(path)
        }
        control.give(to: user)
        return control
    }
}

extension TunnelState {
    /// What is about to be changed.
    fileprivate init(
        _ order: PreparedHost.Order, _ outcome: Planning.Outcome, _ device: HostChange.Device,
        _ place: borrowing DevicePlace, name: String
    ) throws(Complaint) {
        self.init(
            name: name, boot: TunnelState.currentBoot, home: try Start.namespace(), namespace: place.identity,
            namespaceName: place.name, device: device, routing: outcome.routing, mark: order.mark,
            addresses: order.roster.savedAddresses, steps: outcome.reconciliation.everything, file: order.options.file,
            configuration: ConfigurationText.render(order.settings))
    }
}
