// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether a peer sends what its AllowedIPs do not hold.
package enum InnerSource: Check {
    package static let id = "inner.source"
    package static let why = "a peer may send only from its AllowedIPs; the rest is dropped"
    package static let causes = ["owner.twice"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofDrops(host, .innerSource) { tunnel in
            "AllowedIPs = ... in /etc/iptund/\(tunnel.name).conf, then iptund reload \(tunnel.name)"
        }
    }
}
