// SPDX-License-Identifier: Apache-2.0

package import Wire

extension IPv4Address {
    /// Whether anybody on the Internet may have it: none of the special blocks of RFC 6890, such as 10/8 or 192.0.2/24.
    package var isPublic: Bool { isUnicast && !IPv4Address.special.contains { $0.contains(self) } }

    /// The blocks that mean something only somewhere: private (RFC 1918), shared (RFC 6598), the link's (RFC 3927),
    /// benchmarks' (RFC 2544), of protocols (RFC 6890), and of documents (RFC 5737).
    private static let special = [
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16", "198.18.0.0/15",
        "192.0.0.0/24", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24",
    ].compactMap { Prefix($0) }
}
