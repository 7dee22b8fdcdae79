// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Tunnel
internal import Wire

/// Tries the peers of the tunnels that are examined, all at once.
struct PeerLook {
    /// Of whom the probe at the same place of `probers` is: the tunnel, and the peer's place in it.
    private var subjects: [(tunnel: Int, peer: Int)] = []
    private var probers: [PeerProber] = []

    /// More would take longer than anybody waits for.
    private static let most = 16

    /// Tunnels of which some peers are not tried, and why.
    private(set) var untried: [String: PeerProbe.Untried] = [:]

    /// Tries the first peers there are, for about a second.
    init(_ patients: [Patient], _ netlink: borrowing Netlink) {
        for (tunnel, patient) in patients.enumerated() {
            guard let place = Examination.place(patient) else {
                untried[patient.name] = .unable("its device is in another network namespace, which only root may enter")
                continue
            }
            let orders = orders(patient, netlink, place)
            for (peer, order) in orders where probers.count < PeerLook.most {
                subjects.append((tunnel, peer))
                probers.append(PeerProber(order, .quick, place))
            }
            if subjects.count(where: { $0.tunnel == tunnel }) < orders.count { tooMany(patient.name) }
        }
        Probing.run(probers)
    }

    /// How to try the peers of a tunnel that only encapsulates: no answer can come, but ICMP errors can.
    private func unanswerable(_ report: TunnelReport, _ netlink: borrowing Netlink) -> [(Int, ProbeOrder)] {
        report.peers.prefix(PeerLook.most).enumerated().compactMap { number, peer in
            guard let endpoint = peer.endpoint.flatMap({ IPv4Address($0) }) else { return nil }
            let local = IPv4Address(peer.local ?? report.local)
            var order = Probing.order(peer.name ?? peer.host ?? "\(endpoint)", at: endpoint, from: local, netlink)
            order.tunnel = report.name
            return (number, order)
        }
    }

    private mutating func tooMany(_ tunnel: String) {
        untried[tunnel] = .byDesign("only the first \(PeerLook.most) peers are tried")
    }

    private mutating func orders(
        _ patient: Patient, _ netlink: borrowing Netlink, _ place: borrowing DevicePlace
    ) -> [(Int, ProbeOrder)] {
        if let report = patient.report {
            if let only = report.only {
                untried[patient.name] = .byDesign("no peer can answer: this tunnel carries one direction (\(only))")
                return only == Direction.encapsulate.rawValue ? unanswerable(report, netlink) : []
            }
            var orders: [(Int, ProbeOrder)] = []
            if report.peers.count > PeerLook.most { tooMany(patient.name) }
            for peer in report.peers.indices.prefix(PeerLook.most) {
                guard
                    let order = Probing.order(
                        report, report.peers[peer], configured: patient.settings?.addresses ?? [], netlink, place)
                else { continue }
                orders.append((peer, order))
            }
            return orders
        }
        switch patient.standing {
        case .hidden(let why), .silent(let why): untried[patient.name] = .unable("the tunnel does not answer: \(why)")
        case .failed: untried[patient.name] = .unable("the tunnel is not up")
        case .down, .running: break
        }
        guard case .down = patient.standing, let settings = patient.settings else { return [] }
        var orders: [(Int, ProbeOrder)] = []
        for (number, peer) in settings.peers.prefix(PeerLook.most).enumerated() {
            guard case .address(let endpoint) = peer.endpoint else { continue }
            orders.append(
                (number, Probing.order(peer.name ?? "\(endpoint)", at: endpoint, from: settings.local, netlink)))
        }
        return orders
    }

    /// What came of it, with what the tunnels counted meanwhile.
    func probes(_ patients: [Patient], besides others: [Patient]) -> [PeerProbe] {
        let reports = (patients + others).compactMap(\.report)
        return zip(subjects, probers).map { subject, prober in
            var probe = prober.probe
            // Another tunnel of this host may be what the peer sends to at another address.
            let taken = reports.filter { $0.name != probe.tunnel }.flatMap(\.peers).filter {
                $0.endpoint == "\(probe.endpoint)"
            }
            probe.otherLocals.subtract(taken.compactMap { $0.local.flatMap { IPv4Address($0) } })
            let patient = patients[subject.tunnel]
            // By address: a report that is looked at for one peer has fewer than the later ones.
            guard let first = peer(at: probe.endpoint, patient.report),
                let before = peer(at: probe.endpoint, patient.later),
                let after = peer(at: probe.endpoint, patient.latest)
            else { return probe }
            probe.count(from: before, to: after)
            if before.received.packets == first.received.packets {
                probe.sentBefore = before.sent.packets - min(first.sent.packets, before.sent.packets)
            }
            probe.lastReceivedSecondsAgo = before.lastReceivedSecondsAgo
            return probe
        }.filter { probe in
            // Silence is what a tunnel that only encapsulates has to expect.
            guard case .byDesign? = probe.tunnel.flatMap({ untried[$0] }), probe.target == nil else { return true }
            return ![.none, .silent].contains(probe.leg)
        }
    }

    private func peer(at endpoint: IPv4Address, _ report: TunnelReport?) -> TunnelReport.Peer? {
        report?.peers.first { $0.endpoint == "\(endpoint)" }
    }
}
