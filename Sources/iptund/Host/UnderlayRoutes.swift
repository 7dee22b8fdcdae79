// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// How packets to a peer would leave if the tunnel were not there: what leads into its device and what pins the peer is passed
/// over. Pure.
///
/// The kernel cannot be asked for that. So its rules are walked through as it does it (Linux, `fib_rules_lookup`), and of each
/// table the longest prefix and the lowest metric win (`fib_table_lookup`).
struct UnderlayRoutes {
    /// In the order in which they are asked.
    let rules: [RuleSummary]
    /// Of each table the routes that hold one of the peers.
    let tables: [UInt32: [TableRoute]]
    /// The tunnel's own device.
    let device: Int32

    /// How packets to a peer leave, as a route would say it.
    struct Best: Equatable {
        let hops: [NextHop]
        let source: IPv4Address?
        let mtu: Route.MTU?
    }

    /// What becomes of a packet.
    enum Outcome: Equatable {
        /// A host route in `main` would be found by it, and leads there as this one says.
        case best(Best)
        /// Something decides that is asked before `main`, or nothing that a route of ours can say.
        case decided
        /// Nothing leads there.
        case nothing
    }

    /// What becomes of `flow`.
    func outcome(_ flow: RuleMeaning.Flow) -> Outcome {
        var (index, isMainAsked) = (0, false)
        while index < rules.count {
            let meaning = rules[index].meaning
            index += 1
            guard meaning.fits(flow) else { continue }
            switch meaning.action {
            case .next: continue
            case .nowhere: return .decided
            case .goto(let priority):
                guard let target = rules[index...].firstIndex(where: { $0.priority == priority }) else { continue }
                index = target
            case .table(let number):
                let shortest = meaning.suppressPrefixLength.map { $0 + 1 } ?? 0
                if number == Route.mainTable, shortest <= 32 { isMainAsked = true }
                guard let route = first(in: number, for: flow.destination) else { continue }
                switch route.outcome {
                case .nextRule: continue
                case .hops, .elsewhere, .local:
                    guard route.destination.length >= shortest else { continue }
                    guard isMainAsked, let best = Best(route) else { return .decided }
                    return .best(best)
                case .nowhere: return .decided
                }
            }
        }
        return .nothing
    }

    /// Whether a pin is there.
    func has(_ pin: Route) -> Bool {
        (tables[Route.mainTable] ?? []).contains { route in
            route.destination == pin.destination && route.protocolNumber == pin.protocolNumber
                && route.outcome == .hops(pin.hops)
        }
    }

    /// The route of a table that the kernel would take.
    private func first(in table: UInt32, for address: IPv4Address) -> TableRoute? {
        let others = (tables[table] ?? []).compactMap { $0.destination.contains(address) ? besideTunnel($0) : nil }
        // Of equal ones the first stands before the others.
        return others.enumerated().max { left, right in
            let (one, other) = (left.element, right.element)
            return (one.destination.length, other.metric, right.offset)
                < (other.destination.length, one.metric, left.offset)
        }?.element
    }

    /// What of a route does not lead into the tunnel; `nil` for a pin, and where nothing is left.
    private func besideTunnel(_ route: TableRoute) -> TableRoute? {
        guard case .hops(let hops) = route.outcome else {
            let isOurs = route.protocolNumber == HostChange.protocolNumber && route.destination.length == 32
            return isOurs && route.metric == 0 ? nil : route
        }
        let isPin =
            route.protocolNumber == HostChange.protocolNumber && route.destination.length == 32
            && hops.allSatisfy { $0.gateway != nil }
        let others = hops.filter { $0.link != device }
        guard !isPin, !others.isEmpty else { return nil }
        return TableRoute(
            to: route.destination, .hops(others), metric: route.metric, protocolNumber: route.protocolNumber,
            source: route.source, mtu: route.mtu)
    }
}

extension UnderlayRoutes.Best {
    fileprivate init?(_ route: TableRoute) {
        guard case .hops(let hops) = route.outcome else { return nil }
        self.init(hops: hops, source: route.source, mtu: route.mtu)
    }
}
