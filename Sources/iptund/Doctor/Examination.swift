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
    private var routes = RouteLook()
    private let transit: TransitLook

    /// Begins to watch.
    init(_ patients: consuming Patients) throws(Complaint) {
        netlink = try Daemon.openNetlink()
        transit = TransitLook(patients.asked, netlink)
        self.patients = patients
        for patient in self.patients.asked where patient.namespaceName != nil {
            guard let place = Examination.place(patient) else { continue }
            readings[patient.name] = try? place.inside { () throws(Errno) in NetworkReading.now() }
        }
    }

    /// Waits until what grows has been watched for this long, and describes what is there.
    ///
    /// Meanwhile it listens to what the kernel says of packets that it drops, when it is told to.
    consuming func finish(
        after milliseconds: UInt64, listening: KernelDropListening = .off
    ) throws(Complaint) -> HostSnapshot {
        let isAnyRunning = patients.asked.contains { $0.report != nil }
        let peers = PeerLook(patients.asked, netlink)
        var host = HostSnapshot()
        host.kernelDrops = listening.listen(milliseconds: milliseconds)
        let passed = Clock.milliseconds - start
        if isAnyRunning, passed < milliseconds, listening == .off {
            Clock.sleep(milliseconds: milliseconds - passed)
        }
        if isAnyRunning { try askAgain() }
        host.windowMilliseconds = Clock.milliseconds - start
        host.probes = peers.probes(patients.asked)
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
        host.network = .look(links, since: before, netlink)
        host.netfilter = NetfilterReading.read()
        host.transit = transit.traffic(&routes, netlink)
        host.ipsecPolicies = IPsecLook.read(netlink)
        host.appliesIPsec = IPsecLook.isApplied
        let daemons = Set((patients.asked + patients.others).compactMap { $0.report?.pid })
        host.surroundings = .look(links, host.network.rawSockets, daemons: daemons, netlink)
        return host
    }

    /// Lets each say again what it has counted.
    private mutating func askAgain() throws(Complaint) {
        let running = (patients.asked + patients.others).filter { $0.report != nil }
        var answers = RunningTunnels.ask(running.compactMap(\.directory), .subject)
        if running.contains(where: { $0.directory == nil }) { answers += try RunningTunnels.ask(nil, directory: nil) }
        var later: [String: TunnelReport] = [:]
        for case .report(let report) in answers { later[report.name] = report }
        for index in patients.asked.indices { patients.asked[index].answered(later) }
        for index in patients.others.indices { patients.others[index].answered(later) }
    }

    /// Asks for the ways that packets of a tunnel go, and notes the links that they touch.
    private mutating func look(at tunnel: inout TunnelSnapshot, _ patient: Patient, _ links: inout Set<String>) {
        routes.askWays(of: &tunnel, netlink)
        for index in tunnel.peers.indices {
            guard let endpoint = tunnel.peers[index].endpoint else { continue }
            let local = tunnel.local ?? tunnel.peers[index].local
            tunnel.peers[index].plainWay = routes.ask(endpoint, netlink)
            tunnel.peers[index].underlayMTU = routes.mtu(endpoint, from: local, netlink)
            if case .out(let device, _, let source) = tunnel.peers[index].way?.way {
                links.insert(device)
                if tunnel.peers[index].local == nil { tunnel.peers[index].local = local ?? source }
            }
        }
        if patient.namespaceName == nil {
            if patient.settings?.forward == .connected, tunnel.proxy == nil {
                let found = (try? netlink.connectedLinks()) ?? []
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
        let reading = readings[patient.name]
        tunnel.network = try? place.inside { () throws(Errno) in
            NetworkSnapshot.look(Set(own), since: reading ?? NetworkReading.now(), place.netlink)
        }
        // Numbers of links are of their namespace.
        var inside = RouteLook()
        Examination.lookInside(&tunnel, patient, &inside, place.netlink)
    }

    /// Where inner packets go; or what is left of a tunnel that is gone.
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
        } else if case .failed = tunnel.standing, let state = patient.state,
            let present = try? HostFacts.present(state.steps, netlink)
        {
            // What is of the device went with it.
            tunnel.leftOvers = present.filter { !$0.change.isAboutDevice }.map(\.change.command.text)
        }
    }

    /// Where the device of a tunnel is; `nil` when we may not go there.
    private static func place(_ patient: Patient) -> DevicePlace? {
        do throws(Complaint) { return try DevicePlace.find(patient.namespaceName) } catch { return nil }
    }
}

extension Patient {
    /// Takes what was counted meanwhile; what has ended says nothing more.
    fileprivate mutating func answered(_ later: [String: TunnelReport]) {
        guard report != nil else { return }
        self.later = later[name]
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
