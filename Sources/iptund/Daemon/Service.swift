// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Logging
internal import Tunnel
internal import Wire

/// The running tunnel: the data path, and the main thread that waits beside it for signals and questions.
struct Service: ~Copyable {
    private let datapath: Datapath
    private let report: Reporter
    private let log = StandardErrorLog.logger()

    /// Starts the data path.
    static func start(
        _ settings: TunnelSettings, device: borrowing TUNDevice, socket: borrowing RawSocket, report: Reporter
    ) throws(Complaint) -> Service {
        let mtu = settings.mtu ?? report.underlay.tunnelMTU
        do throws(Errno) {
            return Service(
                datapath: try Datapath.start(
                    report.table, ttl: settings.ttl, mtu: mtu, device: device, socket: socket),
                report: report)
        } catch {
            throw Complaint("cannot start the data path", error, whatNow: "is the thread limit reached?")
        }
    }

    private init(datapath: consuming Datapath, report: Reporter) {
        self.datapath = datapath
        self.report = report
    }

    /// Proves that no thread has privilege, says READY, then answers questions until a signal comes or the data path ends.
    /// - Returns: `nil` when it was asked to stop.
    func serve(
        _ control: consuming ControlServer?, _ netlink: borrowing Netlink, _ signals: borrowing Signals,
        _ supervisor: borrowing Supervisor
    ) -> Complaint? {
        guard var control = control.take() else { preconditionFailure("the control socket is served once") }
        do throws(Complaint) { try Surrender.prove(report.shortfalls) } catch { return error }
        for shortfall in report.shortfalls { log.warning("\(shortfall.description)") }
        let peers = report.table.peers.map { "\($0.endpoint)" }.joined(separator: ", ")
        log.info("\(report.name) is up: \(report.underlay.local) to \(peers)")
        let device = (try? netlink.link(named: report.name))?.index ?? 0
        supervisor.ready("\(report.underlay.local) to \(peers)")
        while true {
            var interests: [Poll.Interest] = [.next(of: signals), .signal(of: datapath.ended)] + control.interests
            do throws(Errno) {
                try Poll.wait(for: &interests, timeoutMilliseconds: control.timeoutMilliseconds)
            } catch {
                return Complaint("cannot wait", error, whatNow: "this should not happen")
            }
            if interests[0].isReady, signals.next() != nil { break }
            if interests[1].isReady { break }
            control.serve(interests[2...]) { answer($0, device: device, netlink) }
        }
        supervisor.stopping()
        return nil
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

    private func answer(_ request: String, device: Int32, _ netlink: borrowing Netlink) -> String {
        guard request == "show" else { return #"{"error":"unknown request","schema":1}"# }
        // By number: a device that was renamed is still ours.
        let link = try? netlink.link(index: device)
        let current = report.report(
            encapsulated: datapath.encapsulated.snapshot(), decapsulated: datapath.decapsulated.snapshot(),
            link: link, now: Clock.milliseconds)
        return (try? ReportDocument(tunnels: [current]).json(pretty: false)) ?? #"{"error":"encoding","schema":1}"#
    }
}
