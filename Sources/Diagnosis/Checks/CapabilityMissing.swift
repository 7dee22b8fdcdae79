// SPDX-License-Identifier: Apache-2.0

/// Whether who asks could run `up`; and what a running daemon could not give up.
package enum CapabilityMissing: Check {
    package static let id = "capability.missing"
    package static let why = "the device is made with CAP_NET_ADMIN, and protocol 4 needs a raw socket: CAP_NET_RAW"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        if host.isEverythingUp {
            let kept = host.tunnels.flatMap { tunnel in tunnel.shortfalls.map { "tunnel \(tunnel.name): \($0)" } }
            return [finding(kept.isEmpty ? .ok : .info, kept)]
        }
        let missing = host.caller.missingCapabilities
        guard !missing.isEmpty else { return [finding(.ok)] }
        let evidence = missing.map { "uid \(host.caller.uid) does not have \($0)" }
        // An ordinary user is not expected to start tunnels; root is, and in a container often cannot.
        guard host.caller.uid == 0 else { return [finding(.warning, evidence, next: "run it as root")] }
        let flags = missing.map { "--cap-add=\($0.dropFirst("CAP_".count))" }
        return [finding(.broken, evidence, next: "give it to the container: \(flags.joined(separator: " "))")]
    }
}
