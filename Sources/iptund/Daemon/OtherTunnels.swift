// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Tunnel
internal import Wire

/// The tunnels that run beside this one.
enum OtherTunnels {
    /// Refuses what would arrive twice: every tunnel of a host sees every protocol 4 packet, so two that take the same
    /// inner sources from the same sender would both deliver them.
    ///
    /// A tunnel that does not talk to us is taken to be none.
    static func check(_ table: PeerTable, _ policy: TunnelPolicy, name: String?) throws(Complaint) {
        // What only encapsulates takes nothing: the two modules of 1994 ran side by side.
        guard policy.only != .encapsulate else { return }
        for case .report(let report) in try RunningTunnels.ask(nil, directory: nil) {
            // Of this very name there can be only one, which its lock says better.
            if report.name == name || report.only == Direction.encapsulate.rawValue { continue }
            if let complaint = overlap(table, policy.acceptance, with: report) { throw complaint }
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
