// SPDX-License-Identifier: Apache-2.0

public import Wire

/// What may change while a tunnel is up: who its peers are, and who we are. Immutable; replaced as a whole.
public struct RuleSet: Sendable {
    /// The peers.
    public let table: PeerTable
    private let ownAddresses: AddressMap

    /// The rules for these peers, on a host with these addresses.
    public init(table: PeerTable, ownAddresses: Set<IPv4Address> = []) {
        self.table = table
        self.ownAddresses = AddressMap(Array(ownAddresses))
    }

    /// Whether the address is one of this host's own.
    public func isOurs(_ address: IPv4Address) -> Bool { ownAddresses.contains(address) }
}
