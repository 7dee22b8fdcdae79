// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// The tunnels that run beside this one.
enum OtherTunnels {
    /// Refuses what would arrive twice: every tunnel of a host sees every protocol 4 packet, so two that take the same
    /// inner sources from the same peer would both deliver them.
    ///
    /// A tunnel that does not talk to us is taken to be none.
    static func check(_ table: PeerTable, name: DeviceName?) throws(Complaint) {
        for case .report(let report) in try RunningTunnels.ask(nil, directory: nil) {
            // Of this very name there can be only one, which its lock says better.
            if report.name == name?.text { continue }
            for theirs in report.peers {
                for ours in table.peers where "\(ours.endpoint)" == theirs.endpoint {
                    guard let shared = shared(ours.allowed, theirs.allowedIPs.compactMap { Prefix($0) }) else {
                        continue
                    }
                    throw Complaint(
                        "peer \(ours.endpoint)", why: "tunnel \(report.name) takes \(shared) from it already",
                        whatNow: "end that one, or give both --allowed-ips that do not overlap")
                }
            }
        }
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
