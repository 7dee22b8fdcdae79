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
        let evidence = "IpExt InCsumErrors: \(bad.saying("IPv4 headers with a wrong checksum", host))"
        return [finding(.broken, [evidence], fix: "tcpdump -nvi any ip proto 4, and look for 'bad cksum'")]
    }
}
