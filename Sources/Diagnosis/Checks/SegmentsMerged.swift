// SPDX-License-Identifier: Apache-2.0

/// Whether the kernel hands over TCP segments merged, which the tunnel knows how to take.
package enum SegmentsMerged: Check {
    package static let id = "segments.merged"
    package static let why = "merged segments are handled, and make it faster: there is nothing to switch off"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.merged.total > 0 else { return [] }
            return [finding(.info, ["tunnel \(tunnel.name): \(tunnel.merged.total) packets arrived merged"])]
        }
    }
}
