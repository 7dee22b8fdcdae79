// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel

/// Changes the host of a running tunnel from one configuration to the next, together with the tunnel itself.
///
/// First what is new, then the tunnel, last what is no longer wanted: what both configurations have is never missing. All
/// that may be there is written down before anything is done, so that whoever ends the tunnel meanwhile takes it all back.
struct HostReload {
    let directory: RuntimeDirectory
    let state: TunnelState
    let echo: Echo

    /// Requires `CAP_NET_ADMIN`.
    /// - Throws: why it did not work; then everything is as it was.
    func perform(_ settings: TunnelSettings, _ current: TunnelSettings) throws(Complaint) -> ControlAnswer.Peers {
        let netlink = try Daemon.openNetlink()
        let place = try DevicePlace.find(settings.namespace)
        let start = try Start.look(settings, netlink)
        let others = try OtherTunnels.reports(besides: state.name)
        try OtherTunnels.check(start.table, settings.policy, among: others)
        let outcome = try plan(settings, current, start, place, netlink)
        for warning in outcome.warnings { standardError("iptund: \(warning)") }
        let there = try explaining("cannot read the routing table", whatNow: "try again") { () throws(Errno) in
            try HostFacts.present(state.steps, place.netlink)
        }
        let transition = Transition(from: there, to: outcome.plan.steps)
        try write(transition.everything, settings, outcome.routing)
        let peers: ControlAnswer.Peers
        do throws(Complaint) {
            try transition.make(echo.inside(place.name), place.netlink, isOthers: isOthers(place))
            peers = try handOver(settings, transition, place)
        } catch {
            try? write(state.steps, current, state.routing)
            throw error
        }
        try conclude(transition, settings, outcome.routing, place)
        if place.name == nil {
            let loops = OtherTunnels.loops(start.roster, state.device.name, among: others, netlink)
            for loop in loops { standardError("iptund: \(loop)") }
        }
        return peers
    }

    private func plan(
        _ settings: TunnelSettings, _ current: TunnelSettings, _ start: Start, _ place: borrowing DevicePlace,
        _ netlink: borrowing Netlink
    ) throws(Complaint) -> Planning.Outcome {
        var device = try Plan.Device.found(state.device, isNew: isDeviceOurs, place.netlink)
        var settings = settings
        // What was found out when the tunnel came up stays: its peers may be elsewhere now, and its packets under way.
        if settings.mtu == nil, current.mtu == nil { settings.mtu = device.mtu }
        device.addresses.removeAll { address in
            state.steps.contains { $0.change == .address(address, on: state.device) }
        }
        let planning = Planning(
            settings: settings, device: device, ways: start.ways,
            shared: SharedChanges.ofOthers(besides: directory, in: place.identity), own: state)
        try PrefixConflict.check(settings, besides: directory, in: place.identity, place.netlink)
        return try planning.make(underlay: netlink, place.netlink)
    }

    /// Whether the device goes with the tunnel: then its IPv6 was seen to.
    private var isDeviceOurs: Bool { state.steps.contains { $0.change == .noIPv6(on: state.device) } }

    private func write(
        _ steps: [Step], _ settings: TunnelSettings, _ routing: PolicyRouting?
    ) throws(Complaint) {
        var next = state
        next.steps = steps
        next.routing = routing ?? state.routing
        next.configuration = ConfigurationText.render(settings)
        try next.write(to: directory.state)
    }

    /// Gives the tunnel its new configuration.
    private func handOver(
        _ settings: TunnelSettings, _ transition: Transition, _ place: borrowing DevicePlace
    ) throws(Complaint) -> ControlAnswer.Peers {
        let answer: ControlAnswer
        do throws(Errno) {
            let text = try SealedMemory.make(Array(ConfigurationText.render(settings).utf8))
            answer = try ControlConnection.order(directory.controlSocket, "reload", handing: text)
        } catch {
            transition.unmake(place.netlink, isOthers: isOthers(place))
            throw Complaint(
                "tunnel \(state.name) does not answer", error, whatNow: "everything is as it was; is it still up?")
        }
        if let peers = answer.peers { return peers }
        transition.unmake(place.netlink, isOthers: isOthers(place))
        throw Complaint(
            "tunnel \(state.name)", why: answer.error ?? "did not understand", whatNow: "everything is as it was")
    }

    /// What another tunnel has too, and goes on with.
    private func isOthers(_ place: borrowing DevicePlace) -> (HostChange) -> Bool {
        let others = Set(SharedChanges.ofOthers(besides: directory, in: place.identity).map(\.change))
        let device = state.device.index
        return { $0.isShared(besides: device) && others.contains($0) }
    }

    /// Takes back what is no longer wanted. What cannot be taken back now stays on the list for the end.
    private func conclude(
        _ transition: Transition, _ settings: TunnelSettings, _ routing: PolicyRouting?,
        _ place: borrowing DevicePlace
    ) throws(Complaint) {
        var old = state
        old.steps = transition.removals
        let result = Restoration.perform(old, in: directory, .everything, place.netlink, echo)
        try explaining("cannot set up routes again", whatNow: "'iptund reload' again") { () throws(Errno) in
            try transition.repair(place.netlink)
        }
        try write(result.left + transition.result, settings, routing)
    }
}
