// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// Sees whether the pin of a bare peer still goes as other packets to that peer would.
///
/// The daemon cannot move the pin, so a stale one ends it: whoever started it starts it again, which takes a tenth of a
/// second.
struct PinWatch {
    let peer: IPv4Address
    private let pin: Route

    /// How the pin stands.
    enum Standing: Equatable {
        /// It goes as it should, or nobody knows better.
        case good
        /// Somebody removed it, or the uplink went down and took it along.
        case gone
        /// Packets would leave for `gateway`, or for the peer itself, by another way.
        case stale(gateway: IPv4Address?, link: Int32)
    }

    /// Watches the pin that a tunnel like this has; `nil` when it has none, or when there was no way to pin it to.
    init?(_ settings: TunnelSettings, _ netlink: borrowing Netlink) {
        guard case .address(let peer) = Pin.peer(of: settings),
            let routes = try? netlink.routes(to: Prefix(host: peer), madeBy: HostChange.protocolNumber),
            let pin = routes.first(where: { $0.gateway != nil })
        else { return nil }
        self.peer = peer
        self.pin = pin
    }

    /// Reads the whole table: what the kernel would say without the pin it says to nobody.
    func look(_ netlink: borrowing Netlink) -> Standing {
        guard let routes = try? netlink.routes(in: Route.mainTable) else { return .good }
        guard routes.contains(pin) else { return .gone }
        let others = routes.filter { $0 != pin && $0.kind == .unicast && $0.destination.contains(peer) }
        let best = others.max { left, right in
            (left.destination.length, right.metric) < (right.destination.length, left.metric)
        }
        guard let best, best.link != pin.link || (best.gateway ?? peer) != pin.gateway else { return .good }
        return .stale(gateway: best.gateway, link: best.link)
    }
}
