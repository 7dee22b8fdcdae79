// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Tunnel
internal import Wire

/// The tunnels that run beside this one.
enum OtherTunnels {
    /// What they say of themselves; one that does not answer is named and passed over. Of this very `name` there can be only
    /// one, which its lock says better.
    static func reports(besides name: String?) throws(Complaint) -> [TunnelReport] {
        try RunningTunnels.askOthers(besides: name).compactMap { answer in
            switch answer {
            case .report(let report): return report.name == name ? nil : report
            // Who may not ask may not change anything either, and hears of that.
            case .unreadable(_, .permissionDenied), .unreadable(_, .notPermitted): return nil
            case .unreadable(let other, let error):
                let complaint = RunningTunnels.complaint(aboutUnreadable: other, error)
                standardError("iptund: \(complaint); whether both take the same packets is not known")
                return nil
            }
        }
    }

    /// Refuses what would arrive twice: every tunnel of a host sees every protocol 4 packet, so two that take the same
    /// inner sources from the same sender would both deliver them.
    static func check(_ table: PeerTable, _ policy: TunnelPolicy, among reports: [TunnelReport]) throws(Complaint) {
        // What only encapsulates takes nothing: the two modules of 1994 ran side by side.
        guard policy.only != .encapsulate else { return }
        for report in reports where report.only != Direction.encapsulate.rawValue {
            if let complaint = overlap(table, policy.acceptance, with: report) { throw complaint }
        }
    }

    /// Why packets to a peer would go round through these tunnels; called when all routes are made.
    static func loops(
        _ roster: Roster, _ device: String, among reports: [TunnelReport], _ netlink: borrowing Netlink
    ) -> [String] {
        guard !reports.isEmpty else { return [] }
        var routes = RouteLook()
        var ours = TunnelSnapshot(device)
        ours.device = device
        ours.peers = roster.places.compactMap { roster.members[$0] }.map { member in
            var peer = PeerSnapshot(member.label, endpoint: member.address)
            (peer.allowed, peer.local) = (member.settings.allowed, member.local)
            return peer
        }
        var others = reports.map { report in
            var tunnel = TunnelSnapshot(report.name)
            tunnel.device = report.device
            tunnel.peers = report.peers.map { PeerSnapshot($0, $0) }
            return tunnel
        }
        routes.askWays(of: &ours, netlink)
        for index in others.indices { routes.askWays(of: &others[index], netlink) }
        return TunnelLoop.all(of: ours, among: [ours] + others).map { loop in
            "packets to a peer would go round, wrapped anew each time (\(loop.path)), until their TTL ends it: "
                + "\(loop.way.evidence)"
        }
    }

    /// Why this tunnel may not run beside the one that reports; `nil` when it may.
    static func overlap(
        _ table: PeerTable, _ acceptance: Decapsulation.Acceptance, with report: TunnelReport
    ) -> Complaint? {
        let ours = Dictionary(
            table.peers.compactMap { peer in peer.endpoint.map { ($0, peer) } }, uniquingKeysWith: { first, _ in first }
        )
        for theirs in report.peers {
            guard let endpoint = theirs.endpoint.flatMap({ IPv4Address($0) }), let mine = ours[endpoint],
                let shared = shared(mine.allowed, theirs.allowedIPs.compactMap { Prefix($0) })
            else { continue }
            return Complaint(
                "peer \(endpoint)", why: "tunnel \(report.name) takes \(shared) from it already",
                whatNow: "end that one, or give both --allowed-ips that do not overlap")
        }
        let others = report.peers.compactMap { $0.endpoint.flatMap { Prefix($0) } }
        let strangers = prefixes(report.acceptFrom)
        if let shared = shared(prefixes(acceptance.description), others + strangers)
            ?? shared(table.peers.compactMap { $0.endpoint.map { Prefix(host: $0) } }, strangers)
        {
            return Complaint(
                "packets from \(shared)", why: "tunnel \(report.name) would take them too",
                whatNow: "end that one, or give --accept-from prefixes that hold nobody of its")
        }
        return nil
    }

    /// The blocks that `--accept-from` stands for.
    private static func prefixes(_ acceptance: String) -> [Prefix] {
        acceptance == "any" ? [.all] : acceptance.split(separator: ",").compactMap { Prefix($0) }
    }

    private static func shared(_ ours: [Prefix], _ theirs: [Prefix]) -> Prefix? {
        for prefix in ours {
            for other in theirs where prefix.contains(other.address) || other.contains(prefix.address) {
                return prefix.length > other.length ? prefix : other
            }
        }
        return nil
    }
}
