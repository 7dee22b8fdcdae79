// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// What a tunnel needs of the host: computed before anything is changed, so that it can be shown, done and taken back.
struct Plan: Equatable {
    /// The changes, in the order in which they are made.
    var steps: [Step] = []
    /// What is there already and will be left alone, now and at the end.
    var alreadyThere: [HostChange] = []

    /// The facts about the device that the plan starts from.
    struct Device: Equatable {
        let device: HostChange.Device
        let mtu: Int
        let isUp: Bool
        /// Whether it exists for this tunnel alone, and goes with it.
        let isNew: Bool
        var addresses: [InterfaceAddress]
    }

    /// Compares what is wanted with what is there. Pure.
    ///
    /// - Parameter own: what this tunnel has made before, which is not somebody else's.
    /// - Throws: the first change that would fail half-way, because something else is where it would go.
    init(
        _ wanted: [HostChange], on state: Device, _ facts: HostFacts, own: Set<HostChange> = []
    ) throws(Complaint) {
        for change in wanted {
            if own.contains(change) {
                steps.append(Step(change: change, before: Plan.before(change, state, facts)))
                continue
            }
            switch Plan.standing(of: change, state, facts, own) {
            case .absent(let before): steps.append(Step(change: change, before: before))
            case .othersOwn: alreadyThere.append(change)
            case .needless: break
            case .inTheWay: throw Complaint(inTheWayOf: change)
            }
        }
    }

    /// How a wanted change stands to what is there.
    private enum Standing {
        case absent(before: UInt32?)
        /// Somebody else sees to it, and will not want it taken back.
        case othersOwn
        /// The device is so by itself.
        case needless
        case inTheWay
    }

    private static func standing(
        of change: HostChange, _ state: Device, _ facts: HostFacts, _ own: Set<HostChange>
    ) -> Standing {
        switch change {
        case .noIPv6: .absent(before: nil)
        case .mtu(let octets, _): state.mtu == octets ? .needless : .absent(before: UInt32(state.mtu))
        case .up: state.isUp ? .needless : .absent(before: nil)
        case .address(let address, _): state.addresses.contains(address) ? .othersOwn : .absent(before: nil)
        case .route(let route, let device): standing(of: route, on: device, facts, own)
        case .rule: .absent(before: nil)
        case .proxy(let address, let device):
            facts.proxies.contains(ProxyNeighbour(address, link: device.index))
                ? .othersOwn : .absent(before: nil)
        case .setting(let setting, let value, let device):
            standing(
                of: change, isThere: facts.settings[device.index]?[setting] == value, state, facts)
        case .noCommonRedirects: standing(of: change, isThere: facts.commonRedirects == 0, state, facts)
        }
    }

    /// An equal route of anybody else is there. One of our own was left by a tunnel that was killed together with its
    /// janitor: it is ours to take over and to remove.
    private static func standing(
        of route: Route, on device: HostChange.Device, _ facts: HostFacts, _ own: Set<HostChange>
    ) -> Standing {
        let others = (facts.routes[route.destination] ?? []).filter {
            $0.table == route.table && $0 != route && !own.contains(.route($0, on: device))
        }
        let isEqual = others.contains {
            $0.kind == route.kind && $0.link == route.link && $0.nextHop == route.nextHop
                && $0.protocolNumber != route.protocolNumber
        }
        if isEqual { return .othersOwn }
        return others.contains { $0.metric == route.metric } ? .inTheWay : .absent(before: nil)
    }

    /// A setting that another tunnel of ours made is both tunnels' own: the last one goes back to what it was before.
    private static func standing(
        of change: HostChange, isThere: Bool, _ state: Device, _ facts: HostFacts
    ) -> Standing {
        guard isThere else { return .absent(before: before(change, state, facts)) }
        if let step = facts.shared.first(where: { $0.change == change }) { return .absent(before: step.before) }
        if case .setting(_, _, let device) = change, device == state.device { return .needless }
        return .othersOwn
    }

    /// What there was before a change that has one of many possibilities.
    private static func before(_ change: HostChange, _ state: Device, _ facts: HostFacts) -> UInt32? {
        switch change {
        case .mtu: UInt32(state.mtu)
        case .setting(let setting, _, let device): facts.settings[device.index]?[setting]
        case .noCommonRedirects: facts.commonRedirects
        default: nil
        }
    }
}

extension Route {
    /// Who gets the packets next: for a single host on the link, the host itself.
    fileprivate var nextHop: IPv4Address? { gateway ?? (destination.length == 32 ? destination.address : nil) }
}
