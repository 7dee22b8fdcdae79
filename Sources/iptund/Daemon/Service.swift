// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Tunnel
internal import Wire

/// The running tunnel: the data path, and the main thread that waits beside it for signals, changes and questions.
struct Service: ~Copyable {
    private let datapath: Datapath
    private let report: Reporter
    private let device: Int32
    private var watch: HostWatch
    private var observer: Observer
    /// Our ends of the tunnel that this host does not have any more.
    private var missingEnds: Set<IPv4Address> = []
    /// When to look at the counters once more, milliseconds: a data thread is silent for a while after it has called.
    private var noteAgainAt: UInt64?
    private let log = StandardErrorLog.logger()

    /// Starts the data path.
    static func start(
        _ settings: TunnelSettings, with ports: [Worker.Ports], report: consuming Reporter,
        _ netlink: borrowing Netlink
    ) throws(Complaint) -> Service {
        let mtu = settings.mtu ?? report.underlay?.tunnelMTU ?? TunnelSettings.defaultMTU
        let device = (try? netlink.link(named: report.name))?.index ?? 0
        do throws(Errno) {
            var watch = try HostWatch(report.table)
            let findings = watch.look(netlink, device: device, at: Clock.milliseconds)
            let datapath = try Datapath.start(
                findings?.rules ?? RuleSet(table: report.table), settings.policy, mtu: mtu,
                underlayMTU: findings?.underlayMTU ?? [], with: ports)
            let observer = Observer(report.table, device: report.name)
            return Service(datapath: datapath, report: report, device: device, watch: watch, observer: observer)
        } catch {
            throw Complaint("cannot start the data path", error, whatNow: "is the thread limit reached?")
        }
    }

    private init(
        datapath: consuming Datapath, report: Reporter, device: Int32, watch: consuming HostWatch, observer: Observer
    ) {
        self.datapath = datapath
        self.report = report
        self.device = device
        self.watch = watch
        self.observer = observer
    }

    /// Proves that no thread has privilege, says READY, then answers questions until a signal comes or the data path ends.
    /// - Returns: `nil` when it was asked to stop.
    mutating func serve(
        _ control: consuming ControlServer?, _ netlink: borrowing Netlink,
        _ signals: borrowing Signals, _ supervisor: borrowing Supervisor
    ) -> Complaint? {
        guard var control = control.take() else { preconditionFailure("the control socket is served once") }
        do throws(Complaint) { try Surrender.prove(report.shortfalls) } catch { return error }
        for shortfall in report.shortfalls { log.warning("\(shortfall.description)") }
        for warning in report.policy.warnings { log.warning("\(warning)") }
        log.info("\(report.name) is up: \(report.ends)")
        supervisor.ready(report.ends)
        note()
        while true {
            var interests: [Poll.Interest] =
                [.next(of: signals), datapath.ended, datapath.attention, watch.interest]
                + control.interests
            do throws(Errno) {
                try Poll.wait(for: &interests, timeoutMilliseconds: timeoutMilliseconds(control))
            } catch {
                return Complaint("cannot wait", error, whatNow: "this should not happen")
            }
            if interests[0].isReady, signals.next() != nil { break }
            if interests[1].isReady { break }
            attend(isCalled: interests[2].isReady)
            if interests[3].isReady { watch.listen(at: Clock.milliseconds) }
            follow(netlink)
            control.serve(interests[4...]) { answer($0, netlink) }
        }
        supervisor.stopping()
        return nil
    }

    /// How long to wait at most, -1 for ever.
    private func timeoutMilliseconds(_ control: borrowing ControlServer) -> Int32 {
        let now = Clock.milliseconds
        // -1 is for ever, which is the longest of all.
        let times = [control.timeoutMilliseconds, watch.timeoutMilliseconds(at: now)].map(UInt32.init(bitPattern:))
        let again = noteAgainAt.map { UInt32($0 > now ? $0 - now : 0) } ?? .max
        return Int32(bitPattern: min(times[0], times[1], again))
    }

    /// Looks at the counters when a data thread calls, and once more when it would call again.
    private mutating func attend(isCalled: Bool) {
        if isCalled {
            datapath.clearAttention()
            noteAgainAt = Clock.milliseconds + DataThread.silence * 5 / 4
        } else {
            guard let due = noteAgainAt, due <= Clock.milliseconds else { return }
            noteAgainAt = nil
        }
        note()
    }

    /// Stops the data path.
    /// - Throws: why it had ended by itself.
    consuming func finish(_ device: String) throws(Complaint) {
        let name = report.name
        do throws(Errno) {
            try datapath.finish()
        } catch .descriptorState {
            throw Complaint(
                "device \(device)", why: "was deleted by somebody", whatNow: "start the tunnel again: 'iptund up'")
        } catch {
            throw Complaint("tunnel \(name)", why: "the data path ended: \(error)", whatNow: "start it again")
        }
        StandardErrorLog.logger().info("\(name) is down")
    }

    /// Tells the data path what changed on the host.
    private mutating func follow(_ netlink: borrowing Netlink) {
        guard let findings = watch.look(netlink, device: device, at: Clock.milliseconds) else { return }
        if let rules = findings.rules { datapath.replace(rules) }
        datapath.setUnderlayMTU(findings.underlayMTU)
        for peer in findings.newlyInTunnel {
            log.warning("peer \(peer) is routed into \(report.name) itself; add a route to it that avoids the device")
        }
        for way in findings.newWays { log.notice("packets leave by another way now: \(way)") }
        for end in findings.missingEnds.subtracting(missingEnds) {
            log.warning("\(Reporter.missing(end)): peers do not know who sends from there; start the tunnel again")
        }
        missingEnds = findings.missingEnds
        note()
    }

    /// Writes down what people should read about.
    private mutating func note() {
        let counted = datapath.snapshots()
        let reading = Observer.Reading(
            encapsulated: counted.encapsulated, decapsulated: counted.decapsulated,
            pathMTU: datapath.pathMTU(at: Clock.milliseconds))
        for remark in observer.remarks(reading, at: Clock.milliseconds) {
            if remark.isWarning { log.warning("\(remark.text)") } else { log.info("\(remark.text)") }
        }
    }

    private func answer(_ request: String, _ netlink: borrowing Netlink) -> String {
        guard request == "show" else { return #"{"error":"unknown request","schema":1}"# }
        // By number: a device that was renamed is still ours.
        let link = try? netlink.link(index: device)
        let counted = datapath.snapshots()
        let moment = Reporter.Moment(
            encapsulated: counted.encapsulated, decapsulated: counted.decapsulated,
            pathMTU: datapath.pathMTU(at: Clock.milliseconds), link: link, missingEnd: missingEnds.first,
            socketOverflows: datapath.socketOverflows,
            now: Clock.milliseconds)
        return (try? ReportDocument(tunnels: [report.report(moment)]).json(pretty: false))
            ?? #"{"error":"encoding","schema":1}"#
    }
}
