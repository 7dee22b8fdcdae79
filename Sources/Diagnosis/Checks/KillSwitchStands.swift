// SPDX-License-Identifier: Apache-2.0

/// Whether the kill switch of a tunnel stands that does not run.
package enum KillSwitchStands: Check {
    package static let id = "killswitch.stands"
    package static let why =
        "it keeps packets in until the tunnel is up again, or somebody says that it is not needed: not a fault, if it is meant"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        let findings = host.tunnels.compactMap { tunnel -> Finding? in
            guard tunnel.isKillSwitchAlone else { return nil }
            var evidence = ["tunnel \(tunnel.name) is down, and its kill switch stands"]
            evidence += tunnel.leftOvers.prefix(5).map { "in force: \($0)" }
            return finding(
                .warning, evidence, next: "the next start takes it over; to lift it: iptund down \(tunnel.name)")
        }
        return findings.isEmpty ? [finding(.ok)] : findings
    }
}
