// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// What a keeper starts from: all of it was opened by the daemon while it had privilege.
struct KeeperDuty: ~Copyable {
    /// What the tunnel is, its MTU included, which stays.
    var settings: TunnelSettings
    var reconciler: Reconciler
    /// What was last wanted of the host, in the order in which each can work.
    var wanted: [HostChange]
    /// What of it was so by itself.
    var needless: Set<HostChange>
    /// Whether the device goes with the tunnel.
    let isDeviceNew: Bool
    /// A session where the device is, and one where outer packets leave.
    let netlink: Netlink, underlay: Netlink
    /// What changes where the device is, and where outer packets leave.
    let changes: NetworkChanges, changesAtUnderlay: NetworkChanges
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
    }
}
