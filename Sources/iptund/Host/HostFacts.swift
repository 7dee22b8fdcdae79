// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// What a host has of what a tunnel wants: asked at once, so that what to do about it is only thought.
struct HostFacts {
    /// The tunnel's own device; `nil` when it is gone.
    var device: DeviceFacts?
    /// The routes of the tables that are written to, by destination.
    var routes: [Prefix: [Route]] = [:]
    var rules: [RuleSummary] = []
    var proxies: Set<ProxyNeighbour> = []
    /// By number of the link.
    var settings: [Int32: [InterfaceSetting: UInt32]] = [:]
    /// Numbers of links that do not exist any more.
    var missingLinks: Set<Int32> = []
    /// Whether the host forwards by default; `nil` when it cannot be told.
    var commonForwarding: UInt32?
    /// Whether ICMP redirects are sent on every device; `nil` when it cannot be told.
    var commonRedirects: UInt32?
    /// Whether IPv6 packets have no way beyond the link because of us; `nil` where it was not asked.
    var hasIPv6Barrier: Bool?
    /// Tables of nftables.
    var filters: [EgressFilter.Identity: EgressFilter.Presence] = [:]
    /// What other tunnels of this host changed that more than one may want.
    var shared: Set<Step> = []

    /// Asks about what `changes` are about. Needs no privilege.
    static func gather(
        about changes: [HostChange], _ device: DeviceFacts?, shared: Set<Step>, _ netlink: borrowing Netlink
    ) throws(Errno) -> HostFacts {
        var facts = HostFacts(device: device, shared: shared)
        var (tables, links, hasProxies): (Set<UInt32>, Set<Int32>, Bool) = ([], [], false)
        for change in changes {
            switch change {
            case .route(let route, _): tables.insert(route.table)
            case .setting(_, _, let device): links.insert(device.index)
            case .proxy(_, let device):
                links.insert(device.index)
                hasProxies = true
            default: break
            }
        }
        for table in tables {
            for route in try netlink.routes(in: table) { facts.routes[route.destination, default: []].append(route) }
        }
        facts.rules = try netlink.rules()
        if changes.contains(.noIPv6Beyond) {
            facts.hasIPv6Barrier = try netlink.hasIPv6Barrier(protocolNumber: HostChange.protocolNumber)
        }
        facts.filters = try filters(changes, netlink)
        if hasProxies { facts.proxies = Set(try netlink.proxies(link: nil)) }
        // A device that is not there yet has index 0, and the settings that new ones have.
        for link in links where link != 0 {
            do throws(Errno) {
                facts.settings[link] = try netlink.settings(link: link)
            } catch .noDevice {
                facts.missingLinks.insert(link)
            }
        }
        if links.contains(0) { facts.settings[0] = HostFacts.defaultSettings }
        facts.commonRedirects = try? Sysctl.read(CommonRedirects.path)
        facts.commonForwarding = try? Sysctl.read(HostFacts.forwarding)
        return facts
    }

    /// How the host stands to tables of nftables. Without privilege, or without nftables, nothing is known of any.
    private static func filters(
        _ changes: [HostChange], _ netlink: borrowing Netlink
    ) throws(Errno) -> [EgressFilter.Identity: EgressFilter.Presence] {
        var presences: [EgressFilter.Identity: EgressFilter.Presence] = [:]
        for change in changes {
            guard case .filter(let filter) = change, presences[filter.identity] == nil else { continue }
            do throws(Errno) {
                presences[filter.identity] = try netlink.egressFilter(filter.table, filter.family)
            } catch  where [.notPermitted, .protocolNotSupported, .invalidArgument].contains(error) {
                return [:]
            }
        }
        return presences
    }

    /// Where the kernel keeps what devices forward by default.
    static let forwarding = "conf/all/forwarding"

    /// What new devices of this network namespace start with.
    private static var defaultSettings: [InterfaceSetting: UInt32] {
        let pairs = InterfaceSetting.allCases.compactMap { setting in
            (try? Sysctl.read("conf/default/\(setting.rawValue)")).map { (setting, $0) }
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Those of `steps` that are in force: the kernel takes routes with a link that goes down, people take what they like.
    static func present(_ steps: [Step], of device: HostChange.Device, _ netlink: borrowing Netlink) throws(Errno)
        -> [Step]
    {
        let state = try DeviceFacts.look(device, isNew: true, netlink)
        let facts = try gather(about: steps.map(\.change), state, shared: [], netlink)
        return steps.filter { step in
            // Of tables of nftables only root is told.
            if case .filter(let filter) = step.change, facts.filters[filter.identity] == nil { return true }
            if case .there = step.change.kind.standing(facts) { return true }
            return false
        }
    }
}
