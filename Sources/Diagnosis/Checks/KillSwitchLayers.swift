// SPDX-License-Identifier: Apache-2.0

/// Whether both layers of a running tunnel's kill switch stand.
package enum KillSwitchLayers: Check {
    package static let id = "killswitch.layers"
    package static let why =
        "either layer keeps packets in: with one alone, whatever removes that lets them out in clear"
    /// The routes of one layer go with the rules that lead to them.
    package static let causes = ["rules.missing", "changes.missing"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.isRunning, let killSwitch = tunnel.killSwitch else { return [] }
            guard killSwitch.missing.isEmpty else {
                let evidence = killSwitch.missing.prefix(5).map { "tunnel \(tunnel.name): no longer in force: \($0)" }
                return [finding(.broken, evidence, fix: tunnel.repair)]
            }
            guard killSwitch.layers.count < 2 else { return [] }
            let layers = killSwitch.layers.isEmpty ? "nothing" : killSwitch.layers.joined()
            return [
                finding(
                    .warning, ["tunnel \(tunnel.name): the kill switch stands on \(layers) alone"],
                    next: "what it said when it came up tells why: 'journalctl -u iptund@\(tunnel.name)', or its output"
                )
            ]
        }
    }
}
