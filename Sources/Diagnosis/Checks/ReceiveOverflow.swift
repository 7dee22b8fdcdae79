// SPDX-License-Identifier: Apache-2.0

/// Whether packets from the network are lost because the daemon does not take them in time.
package enum ReceiveOverflow: Check {
    package static let id = "receive.overflow"
    package static let why = "what the raw socket has no room for is lost"
    // The kernel counts at the socket also what an IPsec policy does not let in.
    package static let causes = ["ipsec.policy"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard let verdict = tunnel.socketLosses.verdict else { return [] }
            let evidence = tunnel.socketLosses.saying("packets lost at the raw socket", host)
            return [
                finding(
                    verdict, ["tunnel \(tunnel.name): \(evidence)"],
                    next: "more threads: Workers = auto (--workers auto), which a new start of the tunnel applies")
            ]
        }
    }
}
