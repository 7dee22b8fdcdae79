// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// What keeps packets that are the tunnel's from leaving by another way.
struct KillSwitchNews: Codable, Equatable {
    /// What stands, ``Layer``s by name; `nil` where no keeper looks.
    var layers: [String]?
    /// Packets that were dropped because they would have left by another way; absent where there is no counter.
    var dropped: UInt64?

    /// One of two, either of which is enough.
    enum Layer: String {
        /// Unreachable routes behind those of the tunnel, and the rules that lead to them.
        case routes
        /// A table of nftables.
        case nftables
    }

    /// One that no keeper looks after.
    static let unknown = KillSwitchNews()

    private init() {}

    /// What stands of the kill switch; `nil` where there is none.
    ///
    /// - Parameters:
    ///   - wanted: the tunnel's changes.
    ///   - missing: those of them that are not made.
    init?(_ wanted: [HostChange], missing: Set<HostChange>, _ filters: [EgressFilter.Identity: EgressFilter.Presence]) {
        let barriers = wanted.filter(\.isKillSwitch)
        guard !barriers.isEmpty else { return nil }
        func stands(_ changes: [HostChange]) -> Bool { !changes.isEmpty && missing.isDisjoint(with: changes) }
        let routes = barriers.filter { if case .filter = $0 { false } else { true } }
        let tables = barriers.filter { if case .filter = $0 { true } else { false } }
        let rules = wanted.filter { if case .rule = $0 { true } else { false } }
        var standing: [Layer] = []
        if stands(routes), missing.isDisjoint(with: rules) { standing.append(.routes) }
        if stands(tables) { standing.append(.nftables) }
        layers = standing.map(\.rawValue)
        guard standing.contains(.nftables) else { return }
        let counts = filters.values.map { if case .ours(_, let count) = $0 { count.packets } else { UInt64(0) } }
        dropped = counts.reduce(0, &+)
    }
}
