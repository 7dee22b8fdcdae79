// SPDX-License-Identifier: Apache-2.0

/// Whether `Local` is an address of this host.
package enum AddressLocal: Check {
    package static let id = "address.local"
    package static let why = "no packet can leave with a source that this host does not have"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        guard case .known(let addresses) = host.network.addresses else { return unknown("addresses cannot be listed") }
        return of(host.tunnels) { tunnel in
            guard let local = tunnel.local, !addresses.contains(local) else { return [] }
            let evidence = "tunnel \(tunnel.name): Local = \(local), which is no address of this host"
            return [finding(.broken, [evidence], fix: underlay(tunnel).map { "ip address add \(local)/32 dev \($0)" })]
        }
    }

    private static func underlay(_ tunnel: TunnelSnapshot) -> String? {
        tunnel.peers.compactMap { $0.plainWay?.device }.first { $0 != tunnel.device }
    }
}
