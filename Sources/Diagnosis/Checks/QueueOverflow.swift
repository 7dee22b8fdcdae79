// SPDX-License-Identifier: Apache-2.0

/// Whether packets from this host are lost because the daemon does not take them in time.
package enum QueueOverflow: Check {
    package static let id = "queue.overflow"
    package static let why = "what the queue of the TUN device has no room for is lost"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard let verdict = tunnel.deviceLosses.verdict, let device = tunnel.device else { return [] }
            let evidence = tunnel.deviceLosses.saying("packets lost at \(device)", host)
            return [
                finding(
                    verdict, ["tunnel \(tunnel.name): \(evidence)"],
                    next: "more room, where the daemon is only late at times: ip link set dev \(device) txqueuelen 5000"
                )
            ]
        }
    }
}
