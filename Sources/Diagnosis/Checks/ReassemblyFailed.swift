// SPDX-License-Identifier: Apache-2.0

/// Whether fragments, perhaps of outer packets, cannot be put together.
package enum ReassemblyFailed: Check {
    package static let id = "reassembly.failed"
    package static let why =
        "one lost fragment loses the packet, so a path that cuts outer packets loses more than others"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        guard case .known = host.network.counters else { return unknown("/proc/net cannot be read") }
        guard host.tunnels.contains(where: \.isRunning), let failed = host.network.counter("Ip.ReasmFails"),
            failed.recent > 0
        else { return [finding(.ok)] }
        let evidence = "Ip ReasmFails: \(failed.saying("fragments that could not be put together", host))"
        return [finding(.info, [evidence], next: "at the peer: DF = set, and MTU = auto")]
    }
}
