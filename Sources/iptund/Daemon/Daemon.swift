// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Tunnel
internal import Wire

/// One tunnel, from set-up to the end.
///
/// The order is what keeps the promise "no privilege": everything that needs a capability is opened first, the keeper that
/// looks after the host is forked, the host is changed, then all privilege goes, and only then threads start, so that
/// none of them ever had any.
enum Daemon {
    /// How a tunnel is run, beside what it is.
    struct Options {
        /// What it is called, `nil` to call it like its device.
        var name: String?
        /// The configuration file that it was started with.
        var file: String?
        /// Where its files lie, `nil` for the usual place.
        var directory: String?
        /// Shows what is done to the host.
        let echo: Echo
        /// Who starts it.
        let owner = User.current.id
    }

    /// Carries packets until somebody asks it to stop.
    /// - Parameter onceItStands: what is to be done before privilege goes.
    /// - Throws: why it could not start, with the host as it was, or why it ended by itself.
    static func run(
        _ settings: TunnelSettings, _ options: Options, onceItStands: () throws(Complaint) -> Void = {}
    ) throws(Complaint) {
        let supervisor = Supervisor()
        do throws(Complaint) {
            try run(settings, options, supervisor, onceItStands)
        } catch {
            // Where a unit waits to be started again, `systemctl status` shows this and no line of the log.
            supervisor.status("\(error)")
            throw error
        }
    }

    private static func run(
        _ settings: TunnelSettings, _ options: Options, _ supervisor: borrowing Supervisor,
        _ onceItStands: () throws(Complaint) -> Void
    ) throws(Complaint) {
        try Prerequisites.check()
        let netlink = try openNetlink()
        let place = try DevicePlace.find(settings.namespace)
        // Errors are told before anything is made; what depends on other tunnels is asked again under the lock.
        try check(settings, named: options.name, place, netlink)
        // From here on Ctrl-C is an orderly end, not a death with things half done.
        let signals = try explaining("cannot take signals", whatNow: "this should not happen") { () throws(Errno) in
            try Signals()
        }
        let claim = try Claim.take(settings, options, in: place)
        let host = try PreparedHost.prepare(settings, options, claim, place, underlay: netlink)
        do throws(Complaint) {
            try onceItStands()
        } catch {
            host.end(.said)
            throw error
        }
        try carry(claim, host, place, netlink, signals, supervisor)
    }

    /// Prints what ``run(_:_:onceItStands:)`` would change, and changes nothing. Needs no privilege, unless the device is to
    /// be in another network namespace.
    static func describe(_ settings: TunnelSettings, echo: Echo) throws(Complaint) {
        let netlink = try openNetlink()
        let place = try DevicePlace.find(settings.namespace)
        let (state, exists) = try DeviceFacts.foresee(settings, place.netlink)
        let registry = try registry(besides: state.device.name, place)
        let candidate = TunnelRegistry.Candidate(settings: settings)
        let mark = try registry.mark(for: candidate, left: nil, besides: Daemon.rules(netlink))
        let start = try Start.look(settings, mark, nil, netlink)
        try registry.check(candidate)
        var planning = Planning(settings: settings, device: state, ways: start.ways, shared: registry.shared)
        (planning.mark, planning.takenPlaces) = (mark, registry.places)
        let outcome = try planning.make(underlay: netlink, place.netlink)
        try echo.inside(place.name)(
            outcome.reconciliation.checked(), creating: exists ? nil : settings.tuntap(state.device.name))
        for warning in outcome.warnings { standardError("iptund: \(warning)") }
    }

    /// Refuses what cannot be, before anything is made.
    private static func check(
        _ settings: TunnelSettings, named name: String?, _ place: borrowing DevicePlace, _ netlink: borrowing Netlink
    ) throws(Complaint) {
        let registry = try registry(besides: name ?? settings.device?.text ?? "", place)
        let candidate = TunnelRegistry.Candidate(settings: settings)
        let mark = try registry.mark(for: candidate, left: nil, besides: rules(netlink))
        _ = try Start.look(settings, mark, nil, netlink)
        try registry.check(candidate)
    }

    /// The rules of this host.
    static func rules(_ netlink: borrowing Netlink) throws(Complaint) -> [RuleSummary] {
        try explaining("cannot read the routing rules", whatNow: "this should not happen") { () throws(Errno) in
            try netlink.rules()
        }
    }

    /// The other tunnels, for one of this name.
    private static func registry(besides name: String, _ place: borrowing DevicePlace) throws(Complaint)
        -> TunnelRegistry
    {
        let namespace = try explaining("cannot tell the network namespace", whatNow: "mount /proc") {
            () throws(Errno) in try NetworkNamespace.current()
        }
        let directory = RuntimeDirectory(name: name, namespace: namespace, override: nil)
        return TunnelRegistry.read(
            besides: TunnelRegistry.Place(
                directory: directory, namespace: place.identity, isElsewhere: place.name != nil), place.netlink)
    }

    static func openNetlink(hasFilters: Bool = false) throws(Complaint) -> Netlink {
        try explaining("cannot ask the kernel about routes", whatNow: "this should not happen") { () throws(Errno) in
            try Netlink(hasFilters: hasFilters)
        }
    }

    /// Gives up all privilege, starts the data path, and serves until the end.
    private static func carry(
        _ claim: consuming Claim, _ host: consuming PreparedHost,
        _ place: consuming DevicePlace, _ netlink: borrowing Netlink, _ signals: borrowing Signals,
        _ supervisor: borrowing Supervisor
    ) throws(Complaint) {
        var (outcome, isAsked): (Complaint?, Bool) = (nil, false)
        let (directory, name, order) = (claim.directory, claim.device.name, host.order)
        do throws(Complaint) {
            Console.stopWaiting()
            let dropped = try Surrender.perform(host.user)
            try Surrender.prove(dropped)
            let reporter = Reporter(
                name: directory.name, device: name, processID: Environment.processID, namespace: try Start.namespace(),
                start: Clock.milliseconds, workers: order.settings.workers.count, mark: order.mark)
            let ports = host.takePorts()
            let watch = host.takeWatch()
            let prober = host.takeProber()
            let keeper = host.takeKeeperLine()
            var service = try Service.prepare(
                order, host.outcome, ports, watch, prober, keeper, reporter, place, netlink)
            let confinement = try Confinement.begin(beside: dropped)
            let control = host.takeControl()
            let resolver = host.takeResolver()
            do throws(Complaint) {
                try service.start(confinement)
                try confinement.narrow(to: .mainThread)
                switch service.serve(control, resolver, place, netlink, signals, supervisor) {
                case .asked: isAsked = true
                case .stopped: break
                case .failed(let complaint): outcome = complaint
                }
            } catch {
                outcome = error
            }
            // Whatever happened, the threads end before what they use goes away.
            try service.finish(name)
        } catch {
            outcome = outcome ?? error
        }
        // The device goes first, so that what the keeper finds is only what would stay.
        _ = consume claim
        host.end(isAsked && outcome == nil ? .said : .missing)
        if let outcome { throw outcome }
    }
}
