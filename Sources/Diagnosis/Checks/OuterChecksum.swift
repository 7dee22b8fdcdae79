// SPDX-License-Identifier: Apache-2.0

/// Whether outer headers arrive with wrong checksums: the kernel drops them before the tunnel sees them.
package enum OuterChecksum: Check {
    package static let id = "outer.checksum"
    package static let why = "the kernel drops a packet with a wrong header checksum before the tunnel sees it"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        guard case .known = host.network.counters else { return unknown("/proc/net cannot be read") }
        guard host.tunnels.contains(where: \.isRunning), let bad = host.network.counter("IpExt.InCsumErrors"),
            bad.recent > 0
        else { return [finding(.ok)] }
        // The counter is the whole host's: packets of peers need not be among them while peers are heard.
        let isHeard =
            host.tunnels.contains { $0.peers.contains { $0.received.recent > 0 } }
            || !host.probes.isEmpty && host.probes.allSatisfy(\.isAnswered)
        let evidence = "IpExt InCsumErrors: \(bad.saying("IPv4 headers with a wrong checksum", host))"
        return [
            finding(
                isHeard ? .warning : .broken, [evidence], next: "tcpdump -nvi any ip proto 4, and look for 'bad cksum'")
        ]
    }
}
