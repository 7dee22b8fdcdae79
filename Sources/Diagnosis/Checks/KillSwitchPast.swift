// SPDX-License-Identifier: Apache-2.0

/// Whether something leads past a tunnel with a kill switch.
package enum KillSwitchPast: Check {
    package static let id = "killswitch.past"
    package static let why =
        "a DHCP server can make longer routes than the tunnel's (CVE-2024-3661): what takes them is dropped"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard let killSwitch = tunnel.killSwitch else { return [] }
            var findings: [Finding] = []
            if let first = killSwitch.past.first {
                let more = killSwitch.past.count > 5 ? ["and \(killSwitch.past.count - 5) more"] : []
                let evidence = killSwitch.past.prefix(5).map {
                    "tunnel \(tunnel.name): a route of main to \($0) leads past it"
                }
                findings.append(
                    finding(
                        .warning, evidence + more,
                        next: "if one is meant: ip route add \(first) via ROUTER proto static"))
            }
            if !killSwitch.rulesBefore.isEmpty {
                let list = killSwitch.rulesBefore.map(String.init).joined(separator: ", ")
                findings.append(
                    finding(
                        .info,
                        ["tunnel \(tunnel.name): rules of other programs are asked before its own: priority \(list)"],
                        why: "against what they lead past the tunnel the kill switch has one layer, its nftables table")
                )
            }
            if killSwitch.leavesIPv6 {
                findings.append(
                    finding(
                        .info, ["tunnel \(tunnel.name): all of IPv4 is the tunnel's, and IPv6 leaves in clear"],
                        why: "the tunnel carries IPv4 alone",
                        next: tunnel.change("KillSwitch", "--kill-switch-all", to: "all")))
            }
            return findings
        }
    }
}
