// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// Refuses a prefix that another tunnel of this host has already: packets go to one peer only.
///
/// In one table the kernel would refuse the second route without saying whose the first is. With a table for each tunnel it
/// would take both, and the second would never see a packet.
enum PrefixConflict {
    /// - Parameter netlink: a session in the device's network namespace, which has the inode `namespace`.
    /// - Throws: the first prefix that two tunnels would have routes for, with both peers. Parts of each other are fine, and
    ///   so is a table that somebody chose.
    static func check(
        _ settings: TunnelSettings, besides directory: RuntimeDirectory, in namespace: UInt64,
        _ netlink: borrowing Netlink
    ) throws(Complaint) {
        guard case .automatic = settings.table, settings.peers.contains(where: { $0.allowed != nil }) else { return }
        for state in SharedChanges.others(besides: directory, in: namespace) where isUp(state, netlink) {
            let taken = prefixes(of: state)
            for peer in settings.peers {
                guard let prefix = peer.allowed?.first(where: taken.contains) else { continue }
                let owner = owner(of: prefix, in: state)
                throw Complaint(
                    "AllowedIPs of peer \(peer.label)",
                    why: "\(prefix) goes to \(owner.map { "peer \($0) of " } ?? "")tunnel \(state.name) already",
                    whatNow: "end that one, or leave the prefix to one of them; a part of it is fine")
            }
        }
    }

    /// A tunnel that was killed together with its janitor has left its list, but its routes went with its device.
    private static func isUp(_ state: TunnelState, _ netlink: borrowing Netlink) -> Bool {
        (try? netlink.link(index: state.device.index))?.name == state.device.name
    }

    /// What is routed into the tunnel, in `main` or in a table that it chose itself.
    private static func prefixes(of state: TunnelState) -> Set<Prefix> {
        let tables: Set<UInt32> = [Route.mainTable, state.routing?.table ?? Route.mainTable]
        var prefixes: Set<Prefix> = []
        for case .route(let route, let device) in state.steps.map(\.change)
        where device == state.device && route.kind == .unicast && tables.contains(route.table) {
            prefixes.insert(route.destination)
        }
        return prefixes
    }

    private static func owner(of prefix: Prefix, in state: TunnelState) -> String? {
        let text = Array(state.configuration.utf8)
        let settings = try? Interpretation(ConfigurationText.read(text, file: state.name)).checked()
        return settings?.peers.first { $0.allowed?.contains(prefix) == true }?.label
    }
}

extension PeerSettings {
    /// What people call it.
    fileprivate var label: String { name ?? endpoint.description }
}
