// SPDX-License-Identifier: Apache-2.0

/// For whom this host answers ARP requests in place of those behind the peers.
package struct ProxyARP: Equatable, Sendable {
    /// The device that they are asked for on.
    package var device: DeviceName
    /// Whether larger blocks count too: the device then answers for whatever is routed elsewhere.
    package var scope = Scope.hosts

    /// Answers on `device`.
    package init(device: DeviceName, scope: Scope = .hosts) {
        self.device = device
        self.scope = scope
    }

    /// How far answers go.
    package enum Scope: Equatable, Sendable {
        /// Single addresses, and blocks of fewer than 256.
        case hosts
        /// Blocks of any size, by `proxy_arp` of the device.
        case networks
    }
}
