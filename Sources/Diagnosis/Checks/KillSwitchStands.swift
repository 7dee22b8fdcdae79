// SPDX-License-Identifier: Apache-2.0

/// Whether the kill switch of a tunnel stands that does not run.
package enum KillSwitchStands: Check {
    package static let id = "killswitch.stands"
    package static let why =
        "it keeps packets in until the tunnel is up again, or until it is lifted: not a fault, if it is meant"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        let findings = host.tunnels.compactMap { tunnel -> Finding? in
            guard let layers = tunnel.killSwitchLeft else { return nil }
            let next = "the next start takes it over; to lift it: iptund down \(tunnel.name)"
            guard let first = layers.first else {
                let evidence =
                    "tunnel \(tunnel.name) is down, and of its kill switch not enough is left to keep anything in"
                return finding(
                    .broken, [evidence], why: "its packets leave in clear, which it was to prevent", next: next)
            }
            let alone = layers.count > 1 ? "on both layers" : "on \(first) alone"
            var evidence = ["tunnel \(tunnel.name) is down, and its kill switch stands \(alone)"]
            evidence += tunnel.leftOvers.prefix(5).map { "in force: \($0)" }
            return finding(.warning, evidence, next: next)
        }
        return findings.isEmpty ? [finding(.ok)] : findings
    }
}
