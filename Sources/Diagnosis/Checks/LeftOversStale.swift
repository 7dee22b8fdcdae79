// SPDX-License-Identifier: Apache-2.0

/// Whether a tunnel that is gone has left changes on the host.
package enum LeftOversStale: Check {
    package static let id = "leftovers.stale"
    package static let why = "routes and rules of a tunnel that is gone lead packets nowhere"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        let findings = host.tunnels.compactMap { tunnel -> Finding? in
            guard !tunnel.leftOvers.isEmpty, !tunnel.isKillSwitchAlone else { return nil }
            var evidence = tunnel.leftOvers.prefix(5).map { "still in force: \($0)" }
            if tunnel.leftOvers.count > 5 { evidence.append("and \(tunnel.leftOvers.count - 5) more") }
            if tunnel.killSwitchLeft != nil { evidence.append("taking them back lifts the kill switch, too") }
            return finding(.warning, evidence, fix: "iptund down \(tunnel.name)")
        }
        return findings.isEmpty ? [finding(.ok)] : findings
    }
}
