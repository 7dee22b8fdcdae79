// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Wire

/// Looks at the host for the sake of some tunnels, and changes nothing.
struct Examination: ~Copyable {
    private var patients: Patients
    private let netlink: Netlink
    private let start = Clock.milliseconds
    private let before = NetworkReading.now()
    /// The network namespaces that devices are in, and what was read there, by the name of the tunnel.
    private var readings: [String: NetworkReading] = [:]
    private var later: [String: NetworkReading] = [:]
    private var routes = RouteLook()
    private let transit: TransitLook

    /// Begins to watch.
    init(_ patients: consuming Patients) throws(Complaint) {
        netlink = try Daemon.openNetlink(hasFilters: true)
        transit = TransitLook(patients.asked, netlink)
        self.patients = patients
        readings = readInside()
    }

    /// Reads what grows in the network namespaces of devices that are not here.
    private func readInside() -> [String: NetworkReading] {
        var readings: [String: NetworkReading] = [:]
        for patient in patients.asked where patient.namespaceName != nil {
            guard let place = Examination.place(patient) else { continue }
            readings[patient.name] = try? place.inside { () throws(Errno) in NetworkReading.now() }
        }
        return readings
    }

    /// Watches what grows for this long, then tries the peers, and describes what is there.
    ///
    /// Meanwhile it listens to what the kernel says of packets that it drops, when it is told to. Peers are tried last: the
    /// packets of that would grow the very counters that are taken for proof. Where a peer does not answer although it has
    /// to, what its questions made grow is evidence, too.
    consuming func finish(
        after milliseconds: UInt64, listening: KernelDropListening = .off
    ) throws(Complaint) -> HostSnapshot {
        let isAnyRunning = patients.asked.contains { $0.report != nil }
        var host = HostSnapshot()
        host.kernelDrops = listening.listen(milliseconds: milliseconds)
        let passed = Clock.milliseconds - start
        if isAnyRunning, passed < milliseconds, listening == .off {
            Clock.sleep(milliseconds: milliseconds - passed)
        }
        if isAnyRunning { try askAgain(\.later) }
        host.windowMilliseconds = Clock.milliseconds - start
        var now = NetworkReading.now()
        later = readInside()
        try tryPeers(&host)
        if host.probes.contains(where: { !$0.isAnswered && $0.isTargetCertain }) {
            host.windowMilliseconds = Clock.milliseconds - start
            now = NetworkReading.now()
            later = readInside()
            for index in patients.asked.indices { patients.asked[index].later = patients.asked[index].latest }
            for index in patients.others.indices { patients.others[index].later = patients.others[index].latest }
        }
        return try describe(host, until: now)
    }

    private mutating func tryPeers(_ host: inout HostSnapshot) throws(Complaint) {
        let peers = PeerLook(patients.asked, netlink)
        try askAgain(\.latest)
        host.probes = peers.probes(patients.asked, besides: patients.others)
        host.untried = peers.untried
    }

    private consuming func describe(_ seen: HostSnapshot, until now: NetworkReading) throws(Complaint) -> HostSnapshot {
        var host = seen
        host.caller = .current
        host.others = patients.others.map { patient in
            var tunnel = TunnelSnapshot(patient)
            routes.askWays(of: &tunnel, netlink)
            return tunnel
        }
        var links: Set<String> = []
        for patient in patients.asked {
            var tunnel = TunnelSnapshot(patient)
            look(at: &tunnel, patient, &links)
            host.tunnels.append(tunnel)
        }
        host.network = .look(links, since: before, until: now, netlink)
        host.netfilter = NetfilterReading.read()
        host.transit = transit.traffic(&routes, netlink)
        host.ipsecPolicies = IPsecLook.read(Set(host.tunnels.map(\.mark.value)), netlink)
        host.appliesIPsec = IPsecLook.isApplied
        let daemons = Set((patients.asked + patients.others).compactMap { $0.report?.pid })
        host.surroundings = .look(links, host.network.rawSockets, daemons: daemons, netlink)
        return host
    }

    /// Lets each say again what it has counted.
    private mutating func askAgain(_ moment: WritableKeyPath<Patient, TunnelReport?>) throws(Complaint) {
        let running = (patients.asked + patients.others).filter { $0.report != nil }
        guard !running.isEmpty else { return }
        var answers = RunningTunnels.ask(running.compactMap(\.directory), .subject)
        if running.contains(where: { $0.directory == nil }) { answers += try RunningTunnels.ask(nil, directory: nil) }
        var reports: [String: TunnelReport] = [:]
        for case .report(let report) in answers { reports[report.name] = report }
        for index in patients.asked.indices { patients.asked[index].answered(reports, moment) }
        for index in patients.others.indices { patients.others[index].answered(reports, moment) }
    }

    /// Asks for the ways that packets of a tunnel go, and notes the links that they touch.
    private mutating func look(at tunnel: inout TunnelSnapshot, _ patient: Patient, _ links: inout Set<String>) {
        routes.askWays(of: &tunnel, netlink)
        for index in tunnel.peers.indices {
            guard let endpoint = tunnel.peers[index].endpoint else { continue }
            let local = tunnel.local ?? tunnel.peers[index].local
            // As the kernel looks for the way back of what arrives: rules may ask for our address (fib_validate_source).
            let end = tunnel.local ?? tunnel.peers[index].local
            tunnel.peers[index].plainWay = routes.ask(endpoint, from: end, netlink)
            if case .nowhere = tunnel.peers[index].way?.way { tunnel.peers[index].vrf = routes.vrf(endpoint, netlink) }
            // A route of another table, which a rule leads to first, would still win.
            let way = tunnel.peers[index].way
            if let device = tunnel.device, way?.device == device, patient.namespaceName == nil,
                way?.route?.contains(" table ") == false, way?.matched?.length != 32
            {
                tunnel.peers[index].bypass = routes.bypass(endpoint, besides: tunnelDevices, netlink)
            }
            tunnel.peers[index].underlayMTU = routes.mtu(endpoint, from: local, mark: tunnel.mark, netlink)
            if case .out(let device, _, let source) = tunnel.peers[index].way?.way {
                links.insert(device)
                if tunnel.peers[index].local == nil { tunnel.peers[index].local = local ?? source }
            }
        }
        if patient.namespaceName == nil {
            if patient.settings?.forward == .connected, tunnel.proxy == nil {
                let found = (try? netlink.connectedLinks()) ?? []
                tunnel.isForwardingNamed = false
                tunnel.forwardDevices = found.map(\.name).filter { $0 != tunnel.device }
            }
            links.formUnion([tunnel.device, tunnel.proxy?.device].compactMap(\.self) + tunnel.forwardDevices)
            Examination.lookInside(&tunnel, patient, &routes, netlink)
            return
        }
        guard let place = Examination.place(patient) else {
            tunnel.network = NetworkSnapshot()
            return
        }
        let own = [tunnel.device, tunnel.proxy?.device].compactMap(\.self)
        let (reading, end) = (readings[patient.name], later[patient.name])
        tunnel.network = try? place.inside { () throws(Errno) in
            let now = end ?? NetworkReading.now()
            return NetworkSnapshot.look(Set(own), since: reading ?? now, until: now, place.netlink)
        }
        // Numbers of links are of their namespace.
        var inside = RouteLook()
        Examination.lookInside(&tunnel, patient, &inside, place.netlink)
    }

    /// The devices of all tunnels that are here.
    private var tunnelDevices: Set<String> {
        Set((patients.asked + patients.others).filter { $0.namespaceName == nil }.compactMap { $0.report?.device })
    }

    /// Where inner packets go, and what is gone of the changes of a tunnel; or what is left of a tunnel that is gone.
    private static func lookInside(
        _ tunnel: inout TunnelSnapshot, _ patient: Patient, _ routes: inout RouteLook, _ netlink: borrowing Netlink
    ) {
        if tunnel.isRunning {
            for index in tunnel.peers.indices {
                for prefix in tunnel.peers[index].allowed ?? [] {
                    guard let way = routes.inner(prefix, netlink) else { break }
                    tunnel.peers[index].inner.append(way)
                }
            }
            guard let steps = patient.state?.steps, let device = patient.state?.device,
                let present = try? HostFacts.present(steps, of: device, netlink)
            else { return }
            tunnel.killSwitch?.look(patient, steps, present: present, device, netlink)
            note(
                missing: steps.filter { $0.change.kind.isLasting && !present.contains($0) }.map(\.change), &tunnel,
                netlink)
        } else if case .failed = tunnel.standing, let state = patient.state,
            let present = try? HostFacts.present(state.steps, of: state.device, netlink)
        {
            // What is of the device went with it, and so did its settings.
            let device = state.device
            let left = present.filter { step in
                if case .setting(_, _, device) = step.change { return false }
                return !step.change.kind.isAboutDevice
            }
            tunnel.leftOvers = left.map(\.change.command.text)
            let wanted = state.killSwitch.map(\.change)
            let missing = Set(wanted).subtracting(present.map(\.change))
            tunnel.killSwitchLeft = KillSwitchNews(wanted, missing: missing, [:])?.layers
            tunnel.isKillSwitchAlone = !left.isEmpty && Set(state.killSwitch).isSuperset(of: left)
        }
    }

    /// Takes down which changes of a running tunnel are gone. A route that was replaced by another one by the same link, as
    /// by hand, is not missed.
    private static func note(missing: [HostChange], _ tunnel: inout TunnelSnapshot, _ netlink: borrowing Netlink) {
        for change in missing {
            var command = change.command.text
            if case .route(let route, let device) = change, route.kind == .unicast {
                let others = (try? netlink.routes(to: route.destination, in: route.table)) ?? []
                if others.contains(where: { $0.link == route.link }) { continue }
                if device.name != tunnel.device {
                    tunnel.missingPins.append(command)
                    continue
                }
                if !others.isEmpty {
                    tunnel.isDisplaced = true
                    command = "ip route replace" + command.dropFirst("ip route add".count)
                }
            }
            tunnel.missing.append(command)
        }
    }

    /// Where the device of a tunnel is; `nil` when we may not go there.
    static func place(_ patient: Patient) -> DevicePlace? {
        do throws(Complaint) { return try DevicePlace.find(patient.namespaceName) } catch { return nil }
    }
}

extension Patient {
    /// Takes what was counted meanwhile; what has ended says nothing more.
    fileprivate mutating func answered(
        _ reports: [String: TunnelReport], _ moment: WritableKeyPath<Patient, TunnelReport?>
    ) {
        guard report != nil else { return }
        isAskedAgain = true
        self[keyPath: moment] = reports[name]
    }
}

extension Caller {
    /// Who runs this process.
    static var current: Caller {
        var caller = Caller()
        caller.uid = User.current.id
        caller.missingCapabilities = [Capability.netAdmin, .netRaw].filter { !$0.isEffective }.map(\.name)
        do throws(Errno) {
            try TUNDevice.checkDriver()
        } catch .permissionDenied, .notPermitted {
            caller.driverProblem = .forbidden("\(TUNDevice.path): uid \(caller.uid) may not read and write it")
        } catch {
            caller.driverProblem = .missing("\(TUNDevice.path): \(error)")
        }
        return caller
    }
}
