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
    let outcome: Planning.Outcome
    /// How to end when it does not come up: barriers that one of this name left when it died stay.
    private let farewell: Fork.Farewell
    private var janitor: Janitor?
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
    }

    /// Opens the sockets, forks the janitor, and makes the changes. Requires `CAP_NET_ADMIN` and `CAP_NET_RAW`.
    /// - Throws: why it did not work, after everything that was done is undone.
    static func prepare(
        _ order: Order, _ claim: borrowing Claim, _ place: borrowing DevicePlace, underlay: borrowing Netlink
    ) throws(Complaint) -> PreparedHost {
        let setUp = try SetUpLock.take(in: place.identity)
        let host: PreparedHost
        do throws(Complaint) {
            host = try open(order, claim, place, underlay: underlay)
        } catch {
            // There is no janitor yet, and nothing to take back.
            if !Files.exists(claim.directory.state) { claim.directory.remove() }
            setUp.release()
            throw error
        }
        let (settings, echo) = (order.settings, order.options.echo.inside(place.name))
        do throws(Complaint) {
            let name = claim.device.isPersistent ? nil : settings.tuntap(claim.device.name)
            try echo(host.outcome.plan, creating: name) { change throws(Complaint) in
                try make(change, place.netlink)
            }
            try takeBackOld(besides: host.outcome.plan.steps, claim.directory, place, echo)
        } catch {
            // Whoever takes the changes back waits for this lock.
            setUp.release()
            let farewell = host.farewell
            host.end(farewell, claim.directory, place, echo)
            throw error
        }
        setUp.release()
        return host
    }

    /// Barriers of a tunnel of this name that died, where this one has none: they stayed until it had its own.
    private static func takeBackOld(
        besides steps: [Step], _ directory: RuntimeDirectory, _ place: borrowing DevicePlace, _ echo: Echo
    ) throws(Complaint) {
        guard var state = try TunnelState.read(directory.state), state.steps != steps else { return }
        state.steps.removeAll { steps.contains($0) }
        let result = Restoration.perform(state, in: directory, .everything, place.netlink, echo)
        state.steps = result.left + steps
        try state.write(to: directory.state)
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

    /// Has the changes taken back and the directory removed.
    ///
    /// Without a janitor nobody may do it here any more once privilege is gone: then `iptund down` does, by whoever runs it.
    consuming func end(
        _ farewell: Fork.Farewell, _ directory: RuntimeDirectory, _ place: borrowing DevicePlace, _ echo: Echo
    ) {
        if let janitor = janitor.take() { return janitor.finish(farewell) }
        guard Capability.netAdmin.isEffective else { return }
        do throws(Complaint) {
            try Restoration.perform(in: directory, .everything, place.netlink, echo: echo)
        } catch {
            standardError("iptund: \(error)")
        }
    }

    private static func make(_ change: HostChange, _ netlink: borrowing Netlink) throws(Complaint) {
        do throws(Errno) {
            try change.make(netlink)
        } catch .exists {
            throw Complaint(inTheWayOf: change)
        } catch {
            throw Complaint("cannot '\(change.command.text)'", error, whatNow: "all was taken back")
        }
    }
}

/// What needs privilege but changes nothing, and last the children, who must not share what comes later.
extension PreparedHost {
    private static func open(
        _ order: Order, _ claim: borrowing Claim, _ place: borrowing DevicePlace, underlay: borrowing Netlink
    ) throws(Complaint) -> PreparedHost {
        let settings = order.settings
        let kernelGuard = try explaining("cannot open a raw socket for protocol 4", whatNow: Prerequisites.remedy) {
            () throws(Errno) in try Guard()
        }
        let ports = try openPorts(settings, claim, place, order.roster.commonLocal)
        try checkPolicies(ports, order.roster)
        let prober = try explaining("cannot open what asks peers for a sign of life", whatNow: Prerequisites.remedy) {
            () throws(Errno) in try Prober.open(settings, place)
        }
        let left = try TunnelState.read(claim.directory.state)
        let planning = Planning(
            settings: settings, device: try Plan.Device.state(of: claim.device, place.netlink), ways: order.ways,
            shared: SharedChanges.ofOthers(besides: claim.directory, in: place.identity), leftRouting: left?.routing)
        try PrefixConflict.check(settings, besides: claim.directory, in: place.identity, place.netlink)
        let outcome = try planning.make(underlay: underlay, place.netlink)
        let user = try Surrender.user(settings.user, StandardErrorLog.logger())
        let control = try listen(claim.directory, user)
        let watch = try explaining("cannot listen to the kernel", whatNow: "this should not happen") {
            () throws(Errno) in try HostWatch.start(place)
        }
        try TunnelState(
            order, outcome, planning.device.device, place, name: claim.directory.name, left: left?.steps ?? []
        ).write(to: claim.directory.state)
        let janitor = try startJanitor(order.options, claim, place)
        return PreparedHost(
            kernelGuard: kernelGuard, ports: ports, user: user, outcome: outcome,
            farewell: left == nil ? .said : .missing, janitor: janitor,
            resolver: try startResolver(order, user), control: control, watch: watch,
            prober: prober)
    }

    private static func startJanitor(
        _ options: Daemon.Options, _ claim: borrowing Claim, _ place: borrowing DevicePlace
    ) throws(Complaint) -> Janitor? {
        guard options.cleaning == .byJanitor else { return nil }
        let reverting = try place.openNetlink()
        do throws(Errno) {
            return try Janitor.start(
                cleaning: claim.directory, netlink: reverting, lock: claim.lock, echo: options.echo)
        } catch {
            Files.remove(claim.directory.state)
            throw Complaint("cannot start the janitor", error, whatNow: "is the process limit reached?")
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
        _ settings: TunnelSettings, _ claim: borrowing Claim, _ place: borrowing DevicePlace, _ local: IPv4Address?
    ) throws(Complaint) -> [Worker.Ports] {
        let (count, capacity) = (settings.workers.count, Datapath.batchCapacity)
        var ports: [Worker.Ports] = []
        for index in 0..<count {
            do throws(Errno) {
                let device =
                    index == 0
                    ? try claim.device.duplicate()
                    : try place.inside { () throws(Errno) in try claim.device.nextQueue() }
                let receiver = try RawReceiver(capacity: capacity, worker: index, of: count)
                let sender = try RawSender(capacity: capacity, local: local, worker: index, of: count)
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
        _ place: borrowing DevicePlace, name: String, left: [Step]
    ) throws(Complaint) {
        let steps = left.filter { !outcome.plan.steps.contains($0) } + outcome.plan.steps
        self.init(
            name: name, boot: TunnelState.currentBoot, home: try Start.namespace(), namespace: place.identity,
            namespaceName: place.name, device: device, routing: outcome.routing, steps: steps,
            file: order.options.file, configuration: ConfigurationText.render(order.settings))
    }
}
