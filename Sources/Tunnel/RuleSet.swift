// SPDX-License-Identifier: Apache-2.0

public import Wire

/// What may change while a tunnel is up: who its peers are, and who we are. Immutable; replaced as a whole.
public struct RuleSet: Sendable {
    /// The peers.
    public let table: PeerTable
    private let ownAddresses: AddressMap
    private let broadcasts: AddressMap

    /// The rules for these peers, on a host with these addresses, whose device has networks with these broadcast addresses.
    public init(table: PeerTable, ownAddresses: Set<IPv4Address> = [], broadcasts: Set<IPv4Address> = []) {
        self.table = table
        self.ownAddresses = AddressMap(Array(ownAddresses))
        self.broadcasts = AddressMap(Array(broadcasts))
    }

    /// Whether the address is one of this host's own.
    public func isOurs(_ address: IPv4Address) -> Bool { ownAddresses.contains(address) }

    /// Whether a packet to the address is for several hosts: a group, or every host of the link or of the device's network.
    func isForMany(_ address: IPv4Address) -> Bool {
        address.isMulticast || address == .broadcast || broadcasts.contains(address)
    }
}
