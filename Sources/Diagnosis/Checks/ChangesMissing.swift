// SPDX-License-Identifier: Apache-2.0

/// Whether the routes, rules and addresses that a running tunnel made are still there.
package enum ChangesMissing: Check {
    package static let id = "changes.missing"
    package static let why =
        "a keeper makes again what something else removed: what stays away has another one in its place, or no keeper"

    package static let causes = ["device.down", "rules.missing"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            // Proxy neighbours, rules and the kill switch have checks of their own.
            let others = ["ip neigh", "ip rule", "nft "] + (tunnel.killSwitch?.missing ?? [])
            let missing = tunnel.missing.filter { !others.contains(where: $0.hasPrefix) } + tunnel.missingPins
            guard tunnel.isRunning, !missing.isEmpty else { return [] }
            var evidence = missing.prefix(5).map { "tunnel \(tunnel.name): no longer in force: \($0)" }
            if missing.count > 5 { evidence.append("and \(missing.count - 5) more") }
            if missing == tunnel.missingPins {
                let reason =
                    "without the route that pins the peer, a route into the tunnel that covers it would make a loop"
                return [finding(.warning, evidence, why: reason, fix: tunnel.repair)]
            }
            let back = "another route has taken its place; to put it back: \(tunnel.missing.joined(separator: " && "))"
            let fix = tunnel.isDisplaced ? nil : tunnel.repair
            return [finding(.broken, evidence, fix: fix, next: tunnel.isDisplaced ? back : nil)]
        }
    }
}

extension TunnelSnapshot {
    /// The command that makes again what is missing; `nil` when nothing is known to be.
    package var repair: String? {
        // Without a keeper the order has no one to take it.
        if case .running(let problem?) = standing, problem.contains("its keeper has ended") { return nil }
        if case .file = origin { return "iptund reload \(name)" }
        let commands = missing + missingPins
        return commands.isEmpty || commands.count > 20 || isDisplaced ? nil : commands.joined(separator: " && ")
    }
}
