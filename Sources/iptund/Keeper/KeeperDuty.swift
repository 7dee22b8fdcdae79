// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// What a keeper starts from: all of it was opened by the daemon while it had privilege.
struct KeeperDuty: ~Copyable {
    /// What the tunnel is, its MTU included, which stays.
    var settings: TunnelSettings
    /// Its peers, in the places that the daemon has for them.
    var roster: Roster
    /// What outer packets are marked with.
    let mark: PacketMark
    /// The user whose processes ask for names.
    let resolver: UInt32
    var reconciler: Reconciler
    /// What was last wanted of the host, in the order in which each can work.
    var wanted: [HostChange]
    /// What of it was so by itself.
    var needless: Set<HostChange>
    /// Why the kill switch has no second layer; `nil` where it has one, or is not asked for.
    var filterObstacle: String?
    /// Whether the device goes with the tunnel.
    let isDeviceNew: Bool
    /// A session where the device is, and one where outer packets leave.
    let netlink: Netlink, underlay: Netlink
    /// What changes where the device is, and where outer packets leave.
    let changes: NetworkChanges, changesAtUnderlay: NetworkChanges
    /// What changes tables of nftables where the device is; `nil` where the kernel has none.
    let filterChanges: FilterChanges?
    /// Where root's orders come in.
    var control: ControlServer?
    /// The number of its socket.
    let controlNumber: Int32
    /// Shows what is done to the host.
    let echo: Echo

    /// What the child has to keep open.
    var descriptors: [Int32] {
        netlink.fileDescriptors + underlay.fileDescriptors
            + [changes.descriptor.rawValue, changesAtUnderlay.descriptor.rawValue, controlNumber]
            + [KeeperDuty.number(filterChanges)].compactMap(\.self)
    }

    private static func number(_ changes: borrowing FilterChanges?) -> Int32? {
        switch changes {
        case .some(let changes): changes.descriptor.rawValue
        case .none: nil
        }
    }
}
