// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// Brings a running tunnel from one configuration to the next: its keeper changes the host, the tunnel itself its peers.
///
/// First what is new, then the tunnel, last what is no longer wanted: what both configurations have is never missing.
struct HostReload {
    let directory: RuntimeDirectory
    let state: TunnelState
    let echo: Echo

    /// For who holds the ``SetUpLock``.
    /// - Throws: why it did not work; then everything is as it was.
    func perform(_ settings: TunnelSettings) throws(Complaint) -> ControlAnswer.Peers {
        let netlink = try Daemon.openNetlink()
        let place = try DevicePlace.find(settings.namespace)
        let mark = state.mark ?? .standard
        let registry = TunnelRegistry.read(
            besides: TunnelRegistry.Place(
                directory: directory, namespace: place.identity, isElsewhere: place.name != nil), place.netlink)
        let start = try Start.look(settings, mark, state, netlink)
        try registry.check(TunnelRegistry.Candidate(settings: settings, learned: start.learned))
        let text = Array(ConfigurationText.render(settings).utf8)
        show(try order(.prepare, handing: text))
        let peers: ControlAnswer.Peers
        do throws(Complaint) {
            peers = try handOver(text)
        } catch {
            _ = try order(.abandon)
            throw error
        }
        do throws(Complaint) {
            show(try order(.conclude))
        } catch {
            standardError("iptund: \(error); the tunnel goes on by its new configuration")
        }
        if place.name == nil {
            for loop in registry.loops(start.roster, state.device.name, mark: mark, netlink) {
                standardError("iptund: \(loop)")
            }
        }
        return peers
    }

    private func show(_ answer: ControlAnswer) {
        for warning in answer.warnings ?? [] { standardError("iptund: \(warning.printable)") }
        let commands = (answer.commands ?? []).filter { $0.count == 2 }.map { (kind: $0[0], text: $0[1].printable) }
        echo.inside(state.namespaceName).commands(commands)
    }

    private func order(
        _ order: KeeperProcess.Order, handing text: [UInt8]? = nil
    ) throws(Complaint) -> ControlAnswer {
        let answer: ControlAnswer
        do throws(Errno) {
            if let text {
                answer = try ControlConnection.order(
                    directory.keeperSocket, order.rawValue, handing: SealedMemory.make(text))
            } else {
                answer = try ControlConnection.order(directory.keeperSocket, order.rawValue, .reload)
            }
        } catch .timedOut {
            throw Complaint(
                "the keeper of tunnel \(state.name) does not answer", .timedOut,
                whatNow: "is it stopped? see 'fuser -v \(directory.lock)'; 'kill -CONT' lets it go on")
        } catch {
            throw Complaint(
                "the keeper of tunnel \(state.name) does not answer", error,
                whatNow: "restart the tunnel, which has lost it, or is of an older version")
        }
        guard let error = answer.error else { return answer }
        throw Complaint("tunnel \(state.name)", why: error.printable, whatNow: "see 'iptund doctor \(state.name)'")
    }

    /// Gives the tunnel its new configuration.
    private func handOver(_ text: [UInt8]) throws(Complaint) -> ControlAnswer.Peers {
        let answer: ControlAnswer
        do throws(Errno) {
            answer = try ControlConnection.order(directory.controlSocket, "reload", handing: SealedMemory.make(text))
        } catch {
            throw Complaint(
                "tunnel \(state.name) does not answer", error, whatNow: "everything is as it was; is it still up?")
        }
        if let peers = answer.peers { return peers }
        throw Complaint(
            "tunnel \(state.name)", why: answer.error ?? "did not understand", whatNow: "everything is as it was")
    }
}
