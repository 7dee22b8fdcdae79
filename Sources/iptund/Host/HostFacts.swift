// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// What a plan has to know of the host: asked once, so that the plan itself is only thought.
struct HostFacts {
    /// The routes of the tables that the plan writes to, by destination.
    var routes: [Prefix: [Route]] = [:]
    var rules: [RuleSummary] = []
    var proxies: Set<ProxyNeighbour> = []
    /// By number of the link.
    var settings: [Int32: [InterfaceSetting: UInt32]] = [:]
    /// Whether ICMP redirects are sent on every device; `nil` when it cannot be told.
    var commonRedirects: UInt32?
    /// What other tunnels of this host changed that more than one may want.
    var shared: Set<Step> = []

    /// Asks. Needs no privilege.
    static func gather(
        tables: Set<UInt32>, settingsOf links: [Int32], shared: Set<Step>, _ netlink: borrowing Netlink
    ) throws(Errno) -> HostFacts {
        var facts = HostFacts(shared: shared)
        for table in tables {
            for route in try netlink.routes(in: table) { facts.routes[route.destination, default: []].append(route) }
        }
        facts.rules = try netlink.rules()
        facts.proxies = Set(try netlink.proxies(link: nil))
        for link in links { facts.settings[link] = try netlink.settings(link: link) }
        facts.commonRedirects = try? Sysctl.read(HostChange.commonRedirects)
        return facts
    }

    /// What new devices of this network namespace start with.
    static var defaultSettings: [InterfaceSetting: UInt32] {
        let pairs = InterfaceSetting.allCases.compactMap { setting in
            (try? Sysctl.read("conf/default/\(setting.rawValue)")).map { (setting, $0) }
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Those of `steps` that are in force: the kernel takes routes with a link that goes down, people take what they like,
    /// and a reload may have been killed between writing down and making.
    static func present(_ steps: [Step], _ netlink: borrowing Netlink) throws(Errno) -> [Step] {
        var routes: [UInt32: Set<Route>] = [:]
        for case .route(let route, _) in steps.map(\.change) where routes[route.table] == nil {
            routes[route.table] = Set(try netlink.routes(in: route.table))
        }
        let rules = Set(try netlink.rules().compactMap(\.rule))
        let proxies = Set(try netlink.proxies(link: nil))
        let addresses = try netlink.addresses(link: nil)
        return steps.filter { step in
            switch step.change {
            case .route(let route, _): routes[route.table]?.contains(route) == true
            case .rule(let rule): rules.contains(rule)
            case .proxy(let address, let device): proxies.contains(ProxyNeighbour(address, link: device.index))
            case .address(let address, _): addresses.contains(address)
            case .noIPv6, .mtu, .up, .setting, .noCommonRedirects: true
            }
        }
    }
}
