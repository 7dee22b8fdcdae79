// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Tunnel
internal import Wire

/// What is known of a tunnel without looking at the host.
extension TunnelSnapshot {
    init(_ patient: Patient) {
        self.init(patient.name)
        standing = patient.standing
        // At the end of the time that is watched a fault may have been mended.
        if let latest = patient.later { standing = .running(problem: latest.problem) }
        if patient.report != nil, patient.later == nil, patient.latest == nil, patient.isAskedAgain {
            standing = .failed("it ended while it was looked at")
        }
        device = patient.report?.device ?? patient.state?.device.name ?? patient.settings?.device?.text
        routing = TunnelSnapshot.routing(patient)
        acceptsFrom = patient.report?.acceptFrom ?? patient.settings?.policy.acceptance.description ?? "peers"
        only = patient.report?.only.flatMap(Direction.init(rawValue:)) ?? patient.settings?.policy.only
        local = patient.settings?.local
        origin = TunnelSnapshot.origin(patient)
        namespace = patient.namespaceName
        mark = patient.report?.mark ?? patient.state?.mark ?? patient.settings?.mark ?? .standard
        isFragmenting = patient.settings?.policy.outer.fragmentation == .clear
        if let settings = patient.settings {
            forwarding = settings.forward != .off || settings.proxyARP != nil ? .asked : .notAsked
            if case .devices(let names) = settings.forward { forwardDevices = names.map(\.text) }
            proxy = settings.proxyARP.map { Proxy($0.device.text, Set(WantedState.proxied(settings))) }
        }
        peers = TunnelSnapshot.peers(patient)
        if let report = patient.report { count(report, patient.later ?? report) }
    }

    private static func routing(_ patient: Patient) -> Routing {
        guard let settings = patient.settings else { return .unknown }
        if case .automatic = settings.table { return .automatic }
        return .byOthers
    }

    private static func origin(_ patient: Patient) -> Origin {
        if let file = patient.file ?? patient.state?.file { return .file(file) }
        return patient.state == nil ? .unknown : .flags
    }

    private static func peers(_ patient: Patient) -> [PeerSnapshot] {
        guard let report = patient.report else { return patient.settings?.peers.map(PeerSnapshot.init) ?? [] }
        let after = Dictionary(
            (patient.later?.peers ?? []).map { ($0.identity, $0) }, uniquingKeysWith: { one, _ in one })
        return report.peers.map { peer in
            var snapshot = PeerSnapshot(peer, after[peer.identity] ?? peer)
            // What has none takes anything; what has 0.0.0.0/0 has routes, too.
            let isBare = patient.settings.map { $0.peers.count == 1 && $0.peers.first?.allowed == nil }
            if isBare ?? (peer.allowedIPs == ["\(Prefix.all)"]) { snapshot.allowed = nil }
            return snapshot
        }
    }

    private mutating func count(_ before: TunnelReport, _ after: TunnelReport) {
        encapsulated = Growth(from: before.encapsulate.delivered, to: after.encapsulate.delivered)
        decapsulated = Growth(from: before.decapsulate.delivered, to: after.decapsulate.delivered)
        drops = PeerSnapshot.growth(
            [before.encapsulate.drops, before.decapsulate.drops], [after.encapsulate.drops, after.decapsulate.drops])
        socketLosses = Growth(from: before.kernelLosses.socket, to: after.kernelLosses.socket)
        deviceLosses = Growth(from: before.kernelLosses.device, to: after.kernelLosses.device)
        merged = Growth(from: before.decapsulate.gsoPackets, to: after.decapsulate.gsoPackets)
        shortfalls = after.privilegeShortfalls
        repairs = Growth(from: before.repairs ?? 0, to: after.repairs ?? 0)
        if let news = after.killSwitch {
            killSwitch = KillSwitchSnapshot()
            killSwitch?.layers = news.layers ?? []
        }
    }
}

extension TunnelReport.Peer {
    /// What stays the same while it is watched: a name may get an address meanwhile.
    fileprivate var identity: [String?] { host == nil ? [name, endpoint] : [name, host] }
}

extension PeerSnapshot {
    /// A peer of a tunnel that does not run.
    init(_ settings: PeerSettings) {
        switch settings.endpoint {
        case .address(let address): self.init(settings.name ?? "\(address)", endpoint: address)
        case .name(let name):
            self.init(settings.name ?? name)
            host = name
            do throws(Resolver.Failure) { endpoint = try Resolver.address(of: name) } catch { problem = "\(error)" }
        }
        allowed = settings.allowed
    }

    /// A peer of one that runs.
    init(_ before: TunnelReport.Peer, _ after: TunnelReport.Peer) {
        let label = before.name ?? before.host ?? before.endpoint ?? "?"
        self.init(label, endpoint: before.endpoint.flatMap { IPv4Address($0) })
        host = before.host
        local = after.local.flatMap { IPv4Address($0) }
        allowed = before.allowedIPs.compactMap { Prefix($0) }
        problem = after.problem
        pathMTU = after.pathMTU
        received = Growth(from: before.received.packets, to: after.received.packets)
        sent = Growth(from: before.sent.packets, to: after.sent.packets)
        drops = PeerSnapshot.growth(
            [before.received.drops, before.sent.drops], [after.received.drops, after.sent.drops])
        errors = Growth(from: before.icmpErrorsReceived, to: after.icmpErrorsReceived)
        lastError = after.lastICMPError
    }

    /// What was dropped for each reason.
    static func growth(_ before: [[String: UInt64]], _ after: [[String: UInt64]]) -> [Drop: Growth] {
        var drops: [Drop: Growth] = [:]
        for drop in Drop.allCases {
            let old = before.reduce(0) { $0 + ($1[drop.name] ?? 0) }
            let new = after.reduce(0) { $0 + ($1[drop.name] ?? 0) }
            if new > 0 { drops[drop] = Growth(from: old, to: new) }
        }
        return drops
    }
}
