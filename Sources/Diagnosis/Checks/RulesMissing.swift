// SPDX-License-Identifier: Apache-2.0

/// Whether another program removes routing rules of a running tunnel, or has of late.
package enum RulesMissing: Check {
    package static let id = "rules.missing"
    package static let why = "without its rules packets go past the tunnel; its keeper makes them again, if it has one"

    package static let causes = ["device.down"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.isRunning else { return [] }
            let missing = tunnel.missing.filter { $0.hasPrefix("ip rule") }
            if !missing.isEmpty {
                let evidence = missing.prefix(5).map { "tunnel \(tunnel.name): no longer in force: \($0)" }
                return [finding(.broken, evidence, fix: tunnel.repair, next: networkd)]
            }
            guard tunnel.repairs.recent > 0 else { return [] }
            let evidence = tunnel.repairs.saying("routes, rules or the like were removed and made again", host)
            return [finding(.warning, ["tunnel \(tunnel.name): \(evidence)"], next: networkd)]
        }
    }

    private static let networkd =
        "systemd-networkd removes what it did not make itself, unless networkd.conf says ManageForeignRoutes=no and "
        + "ManageForeignRoutingPolicyRules=no"
}
