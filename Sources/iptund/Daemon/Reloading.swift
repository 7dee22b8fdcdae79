// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// What a running tunnel can become.
enum Reloading {
    /// - Throws: what cannot change while a tunnel is up, because it takes privilege that the daemon has given away, or is
    ///   the tunnel itself.
    static func check(_ next: TunnelSettings, against current: TunnelSettings) throws(Complaint) {
        let fixed: [(key: String, isSame: Bool)] = [
            ("Device", next.device == nil || current.device == nil || next.device == current.device),
            ("Local", next.local == current.local),
            ("Netns", next.namespace == current.namespace),
            ("FwMark", next.mark == current.mark),
            ("User", next.user == current.user),
            ("Workers", next.workers == current.workers),
            ("Offload", next.offload == current.offload),
            ("Keepalive", next.keepalive == current.keepalive),
        ]
        guard let changed = fixed.first(where: { !$0.isSame }) else { return }
        throw Complaint(
            "\(changed.key) is another one now", why: "it cannot change while the tunnel is up",
            whatNow: "end the tunnel and start it again")
    }
}
