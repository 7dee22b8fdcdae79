// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Tunnel
internal import Wire

/// The running tunnel: the data path, and the main thread that waits beside it for signals, changes and questions.
struct Service: ~Copyable {
    var datapath: Datapath
    var report: Reporter
    var settings: TunnelSettings
    /// The MTU of the device, octets.
    var mtu: Int
    var roster: Roster
    var predecessors = Predecessors()
    /// Addresses that no inner packet may come from.
    var ownAddresses: Set<IPv4Address> = []
    /// The longest outer packet that the way to some peer takes, octets; 0 while no way was ever known.
    var underlayMTU: Int
    /// Our device.
    let device: Int32
    /// Whether outer packets leave from the network namespace that the device is in.
    let isDeviceHere: Bool
    var watch: HostWatch
    var observer: Observer
    var names = NameSchedule()
    /// Who asks peers for a sign of life; `nil` when nobody does.
    var prober: Prober?
    var liveness: LivenessBook
    /// Names of which it was said that they have no address.
    var unresolved: Set<String> = []
    /// Who looks after the host; `nil` once it is gone.
    var keeper: KeeperLine?
    /// How it stands.
    var keeperNews = KeeperNews()
    var innerRoutes = InnerRouteWatch()
    var sending = SendingWatch()
    /// Peers by name that do not answer where they are.
    var silentNames = SilentNames()
    /// Why names lead nowhere, by the name.
    var strangeNames: [String: String] = [:]
    /// Addresses that the keeper has not judged yet.
    var questions = AddressQuestions()
    /// What is wrong with the tunnel as a whole, for whoever asks.
    var problem: String?
    /// Before it is up it has nothing to say.
    var hasStarted = false
    /// When to look at the counters once more, milliseconds: a data thread is silent for a while after it has called.
    private var noteAgainAt: UInt64?
    private var watchdog = Watchdog()
    /// Set when there is nothing more to serve; with a reason when nobody asked for the end.
    var ending: Ending?
    var log = StandardErrorLog.logger()
    /// How much may be written there.
    var limit = LineLimit()
    /// Why peers cannot be reached, by place, as far as that was said.
    var saidProblems: [Int: String] = [:]
    var status = StatusLine()

    /// Why it ends.
    enum Ending {
        /// It is to end for good: what it changed is taken back, the kill switch included.
        case asked
        /// A supervisor stopped it, and may start it again.
        case stopped
        case failed(Complaint)
    }

    /// Prepares the data path. Nothing moves before ``start(_:)``.
    static func prepare(
        _ order: PreparedHost.Order, _ outcome: Planning.Outcome, _ ports: [Worker.Ports],
        _ watch: consuming HostWatch?, _ prober: consuming Prober?, _ keeper: consuming KeeperLine?, _ report: Reporter,
        _ place: borrowing DevicePlace, _ netlink: borrowing Netlink
    ) throws(Complaint) -> Service {
        guard let watch = watch.take() else { preconditionFailure("the host is watched once") }
        let device = outcome.device.index
        do throws(Errno) {
            let datapath = try Datapath(with: ports, capacity: order.roster.capacity)
            var service = Service(
                datapath: datapath, report: report, settings: order.settings, mtu: outcome.mtu, roster: order.roster,
                underlayMTU: order.ways.values.map(\.mtu).max() ?? 0, device: device, isDeviceHere: place.name == nil,
                watch: watch, observer: Observer(device: report.device),
                liveness: LivenessBook(order.settings.keepalive))
            service.keeper = keeper.take()
            service.log = StandardErrorLog.logger(of: report.name)
            service.prober = prober.take()
            service.prober?.device = device
            for warning in outcome.warnings { service.log.warning("\(warning)") }
            service.names.follow(service.roster.hosts, at: Clock.milliseconds)
            service.follow(place, netlink)
            return service
        } catch {
            throw Complaint("cannot prepare the data path", error, whatNow: "is the limit of open files reached?")
        }
    }

    /// Starts the data threads, and waits until each has seen that it has no privilege, and goes round.
    ///
    /// After a failure as well, ``finish(_:)`` ends those that run.
    mutating func start(_ confinement: Confinement) throws(Complaint) {
        report.shortfalls = confinement.shortfalls
        let what = "cannot start the data path"
        let goesRound: Bool
        do throws(Errno) {
            try datapath.start(by: try orders(), confinement)
            datapath.call()
            goesRound = try datapath.waitForAnswers()
        } catch {
            throw Complaint(what, error, whatNow: "is the thread limit reached?")
        }
        guard goesRound else {
            throw Complaint(what, why: "a thread ended at once", whatNow: "what was said before tells why")
        }
    }

    /// Says READY, then answers questions until a signal comes or the data path ends.
    /// - Returns: why it ended.
    mutating func serve(
        _ control: consuming ControlServer?, _ resolver: consuming ResolverProcess?, _ place: borrowing DevicePlace,
        _ netlink: borrowing Netlink, _ signals: borrowing Signals, _ supervisor: borrowing Supervisor
    ) -> Ending {
        guard var control = control.take() else { preconditionFailure("the control socket is served once") }
        control.dataThreads = datapath.threadCount
        for shortfall in report.shortfalls { log.warning("\(shortfall.description)") }
        for warning in settings.policy.warnings { log.warning("\(warning)") }
        log.info("\(report.name) is up: \(Reporter.ends(roster))")
        supervisor.ready(status.first(roster, at: Clock.milliseconds))
        hasStarted = true
        sayProblems(at: Clock.milliseconds)
        note()
        while ending == nil {
            var interests: [Poll.Interest] =
                [.next(of: signals), datapath.ended, datapath.attention, resolver?.interest ?? .nothing]
                + watch.interests + proberInterests + [keeperInterest] + control.interests
            do throws(Errno) {
                try Poll.wait(for: &interests, timeoutMilliseconds: timeoutMilliseconds(control, supervisor))
            } catch {
                return .failed(Complaint("cannot wait", error, whatNow: "this should not happen"))
            }
            if interests[0].isReady, let signal = signals.next() {
                // Ctrl-C comes from a person; the rest from a supervisor, which may start the tunnel again.
                ending = signal == Signals.interrupted ? .asked : .stopped
                break
            }
            if interests[1].isReady { break }
            attend(isCalled: interests[2].isReady)
            resolver = follow(resolver.take(), isCalled: interests[3].isReady)
            if interests[4...6].contains(where: \.isReady) { watch.listen(at: Clock.milliseconds) }
            if watch.isNamespaceGone { ending = .failed(Complaint(deletedNamespace: place.name ?? "")) }
            follow(place, netlink)
            if interests[7].isReady || interests[8].isReady { takeAnswers() }
            lookAtPeers(at: Clock.milliseconds)
            if interests[9].isReady { hearKeeper(supervisor) }
            useAddresses(at: Clock.milliseconds)
            // The keeper may have mended what was missed: who asks is told how it is now.
            if innerRoutes.hasLost, interests[10...].contains(where: \.isReady) {
                watch.lookAtOnce()
                follow(place, netlink)
            }
            control.serve(interests[10...]) { answer($0, place.netlink, netlink) }
            if let streams = control.takeChangedStreams() { datapath.show(to: streams) }
            watchdog.look(datapath, supervisor, log, at: Clock.milliseconds)
            if supervisor.isThere, let line = status.next(roster, at: Clock.milliseconds) { supervisor.status(line) }
        }
        supervisor.stopping()
        resolver.take()?.end()
        return ending ?? .stopped
    }

    /// How long to wait at most, -1 for ever.
    private func timeoutMilliseconds(
        _ control: borrowing ControlServer, _ supervisor: borrowing Supervisor
    ) -> Int32 {
        let now = Clock.milliseconds
        // -1 is for ever, which is the longest of all.
        let times = [control.timeoutMilliseconds, watch.timeoutMilliseconds(at: now)].map(UInt32.init(bitPattern:))
        let statusDueAt = supervisor.isThere ? status.dueAt : nil
        let moments = [noteAgainAt, questions.next, names.next, liveness.next, watchdog.next, limit.next, statusDueAt]
            .compactMap(
                \.self
            ).min()
        let again = moments.map { UInt32(clamping: $0 > now ? $0 - now : 0) } ?? .max
        return Int32(bitPattern: min(times[0], times[1], again))
    }

    /// Looks at the counters when a data thread calls, once more when it would call again, and when there is room for lines
    /// that were too many.
    private mutating func attend(isCalled: Bool) {
        let now = Clock.milliseconds
        if isCalled {
            datapath.clearAttention()
            noteAgainAt = now + DataThread.silence * 5 / 4
        } else {
            guard let due = [noteAgainAt, limit.next].compactMap(\.self).min(), due <= now else { return }
            if let again = noteAgainAt, again <= now { noteAgainAt = nil }
        }
        limit.wake(at: now)
        sayProblems(at: now)
        note()
    }

    /// Stops the data path.
    /// - Throws: why it had ended by itself.
    consuming func finish(_ device: String) throws(Complaint) {
        let (name, log, hasStarted) = (report.name, log, hasStarted)
        do throws(Errno) {
            try datapath.finish()
        } catch .descriptorState {
            throw Complaint(
                "device \(device)", why: "was deleted by somebody", whatNow: "start the tunnel again: 'iptund up'")
        } catch {
            throw Complaint("tunnel \(name)", why: "the data path ended: \(error)", whatNow: "start it again")
        }
        if hasStarted { log.info("\(name) is down") }
    }
}

extension Complaint {
    /// Somebody deleted the namespace of the device: it is freed when nobody holds it, which we do.
    fileprivate init(deletedNamespace name: String) {
        self.init(
            "network namespace '\(name)'", why: "was deleted by somebody",
            whatNow: "make it again, and start the tunnel again: 'ip netns add \(name)', 'iptund up'")
    }
}
