// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// Who else is there: the other tunnels of this host, what they take, what they share with this one, and what dead ones left.
///
/// Read from what each has written down before it changed anything, so that a tunnel that does not answer counts as well. It is
/// asked while the ``SetUpLock`` is held, and read anew each time: what it says is true until the lock is released.
struct TunnelRegistry {
    let others: [Other]

    /// Another tunnel.
    struct Other {
        let state: TunnelState
        /// What it was asked to be; `nil` where this version does not understand that.
        let settings: TunnelSettings?
        /// Whether it runs: a dead one may have left a kill switch.
        let isUp: Bool
        /// Whether its device is where ours is, and whether its outer packets arrive where ours do.
        let isNextToUs: Bool, isAtOurUnderlay: Bool
    }

    /// Whose registry it is.
    struct Place {
        /// The tunnel's own directory, which is left out.
        let directory: RuntimeDirectory
        /// What tells the network namespace of its device from others of this boot.
        let namespace: UInt64
        /// The inode of the one that its outer packets leave from; `nil` for ours.
        var home: UInt64?
        /// Whether its device is in another namespace than its outer packets leave from.
        var isElsewhere = false
    }

    /// Reads what the others wrote. A list that cannot be read is passed over.
    ///
    /// - Parameter netlink: a session where the device is.
    static func read(besides place: Place, _ netlink: borrowing Netlink) -> TunnelRegistry {
        let home = place.home ?? (try? NetworkNamespace.current())?.inode
        let boot = TunnelState.currentBoot
        var others: [Other] = []
        for path in place.directory.neighbours {
            guard let state = (try? TunnelState.read("\(path)/state.json")) ?? nil, state.boot == boot else { continue }
            let isNext = state.namespace == place.namespace
            // Numbers of namespaces are given again; where its device is elsewhere, nothing else is known.
            let isAtOurUnderlay = state.home == home && (isNext || state.namespaceName != nil || place.isElsewhere)
            guard isNext || isAtOurUnderlay else { continue }
            others.append(
                Other(
                    state: state, settings: state.settings,
                    isUp: isNext ? state.hasDevice(netlink) : Files.exists("\(path)/control.sock"),
                    isNextToUs: isNext, isAtOurUnderlay: isAtOurUnderlay))
        }
        return TunnelRegistry(others: others)
    }

    /// What the others want too of the host that the device is on, with what was there before the first of them.
    var shared: Set<Step> {
        others.reduce(into: []) { shared, other in
            guard other.isNextToUs else { return }
            shared.formUnion(other.state.steps.filter { $0.change.kind.isShared(besides: other.state.device.index) })
        }
    }

    /// All that the others changed on the host that the device is on.
    var changes: Set<HostChange> {
        Set(others.filter(\.isNextToUs).flatMap { $0.state.steps.map(\.change) })
    }

    /// The places for tables and rules that others have.
    var places: Set<PolicyRouting> { Set(others.filter(\.isNextToUs).compactMap(\.state.routing)) }

    /// The other tunnel that has the device of this name.
    func owner(of device: String) -> String? {
        others.first { $0.isNextToUs && $0.state.device.name == device }?.state.name
    }
}

extension RuntimeDirectory {
    /// Where other tunnels may have written something down: beside this one's files, and where tunnels have theirs usually.
    fileprivate var neighbours: [String] {
        let usual = ((try? Files.entries(RuntimeDirectory.base)) ?? []).filter { !$0.hasPrefix(".") }
        let paths = Set(siblings + usual.map { "\(RuntimeDirectory.base)/\($0)" })
        return paths.subtracting([path]).sorted()
    }
}

extension TunnelState {
    /// What it was asked to be.
    var settings: TunnelSettings? {
        let draft = ConfigurationText.read(Array(configuration.utf8), file: file ?? name)
        return try? Interpretation(draft).checked()
    }

    /// Where its peers are, as far as it has written that down.
    func address(of endpoint: PeerAddress) -> IPv4Address? {
        switch endpoint {
        case .address(let address): address
        case .name(let name): addresses?[PeerAddress.canonical(name)]
        }
    }

    /// Whether there is a TUN of exactly this name and number.
    func hasDevice(_ netlink: borrowing Netlink) -> Bool {
        let link = (try? netlink.link(index: device.index)) ?? nil
        return link?.name == device.name && link?.kind == "tun"
    }
}
