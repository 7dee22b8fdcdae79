// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// An address translator, or a cloud's own filter, between us and the peer.
package enum NATUnderlay: Check {
    package static let id = "nat.underlay"
    package static let why =
        "protocol 4 has no ports: a translator lets one host behind it talk to a peer, if it knows the protocol at all, and "
        + "the peer has to name the translator's address"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        var evidence: [String] = []
        for tunnel in host.tunnels {
            for peer in tunnel.peers {
                guard let local = peer.local ?? tunnel.local, let endpoint = peer.endpoint, endpoint.isPublic,
                    !local.isPublic, local.isUnicast
                else { continue }
                evidence.append("our outer address \(local) is \(kind(local)), peer \(endpoint) is a public one")
            }
        }
        guard !host.tunnels.isEmpty else { return [finding(.ok)] }
        if let vendor = host.surroundings.vendor, let cloud = clouds.first(where: { vendor.contains($0) }),
            !evidence.isEmpty
        {
            evidence.append("\(cloud): security groups there mostly pass TCP, UDP and ICMP only; allow protocol 4")
        }
        return evidence.isEmpty ? [finding(.ok)] : [finding(.info, Array(evidence.prefix(10)))]
    }

    /// What /sys/class/dmi/id/sys_vendor says where machines are rented out.
    private static let clouds = [
        "Amazon EC2", "Google", "Microsoft Corporation", "DigitalOcean", "Hetzner", "Alibaba Cloud", "Oracle",
        "OpenStack", "Scaleway", "Vultr", "Linode", "UpCloud",
    ]

    private static func kind(_ address: IPv4Address) -> String {
        // 100.64.0.0/10 (RFC 6598): the provider translates.
        address.rawValue >> 22 == 0x6440_0000 >> 22 ? "one behind a provider's translator" : "a private one"
    }
}
