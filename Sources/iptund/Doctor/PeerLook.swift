// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Wire

/// Tries the peers of the tunnels that are examined, all at once.
struct PeerLook {
    /// Of whom the probe at the same place of `probers` is: the tunnel, and the peer's place in it.
    private var subjects: [(tunnel: Int, peer: Int)] = []
    private var probers: [PeerProber] = []

    /// More would take longer than anybody waits for.
    private static let most = 16

    /// Tries the first peers there are, for about a second.
    init(_ patients: [Patient], _ netlink: borrowing Netlink) {
        for (tunnel, patient) in patients.enumerated() where patient.namespaceName == nil {
            for (peer, order) in PeerLook.orders(patient, netlink) where probers.count < PeerLook.most {
                subjects.append((tunnel, peer))
                probers.append(PeerProber(order, .quick))
            }
        }
        Probing.run(probers)
    }

    private static func orders(_ patient: Patient, _ netlink: borrowing Netlink) -> [(Int, ProbeOrder)] {
        if let report = patient.report {
            guard report.only == nil else { return [] }
            var orders: [(Int, ProbeOrder)] = []
            for place in report.peers.indices.prefix(most) {
                guard let order = Probing.order(report, report.peers[place], netlink) else { continue }
                orders.append((place, order))
            }
            return orders
        }
        guard case .down = patient.standing, let settings = patient.settings else { return [] }
        var orders: [(Int, ProbeOrder)] = []
        for (place, peer) in settings.peers.prefix(most).enumerated() {
            guard case .address(let endpoint) = peer.endpoint else { continue }
            orders.append(
                (place, Probing.order(peer.name ?? "\(endpoint)", at: endpoint, from: settings.local, netlink)))
        }
        return orders
    }

    /// What came of it, with what the tunnels counted meanwhile.
    func probes(_ patients: [Patient]) -> [PeerProbe] {
        zip(subjects, probers).map { subject, prober in
            var probe = prober.probe
            let patient = patients[subject.tunnel]
            if let before = patient.report?.peers, let after = patient.later?.peers,
                before.indices.contains(subject.peer),
                after.indices.contains(subject.peer), before[subject.peer].endpoint == after[subject.peer].endpoint
            {
                probe.count(from: before[subject.peer], to: after[subject.peer])
            }
            return probe
        }
    }
}
