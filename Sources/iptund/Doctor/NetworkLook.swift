// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Linux
internal import Wire

/// What grows in a network namespace, read at one moment.
struct NetworkReading {
    var counters: Seen<KernelCounters>
    var sockets: Seen<[RawSocket]>

    /// Reads it for the network namespace of this thread. Needs no privilege.
    static func now() -> NetworkReading {
        NetworkReading(
            counters: seen("/proc/net/snmp") { () throws(Errno) in
                let places = ["snmp", "netstat"].map { "/proc/thread-self/net/\($0)" }
                var values: [String: UInt64] = [:]
                for place in places {
                    values.merge(KernelCounters(text: try Files.read(place)).values) { first, _ in first }
                }
                // Where the kernel does not count what IPsec drops, there is no such file.
                let ipsec = KernelCounters(xfrm: (try? Files.read("/proc/thread-self/net/xfrm_stat")) ?? "")
                return KernelCounters(values.merging(ipsec.values) { first, _ in first })
            },
            sockets: seen("/proc/net/raw") { () throws(Errno) in
                RawSocket.list(try Files.read("/proc/thread-self/net/raw"))
            })
    }
}

/// Looks at something that may be hidden from us; `what` is named when it is.
func seen<Value>(_ what: String, _ body: () throws(Errno) -> Value) -> Seen<Value> {
    do throws(Errno) {
        return .known(try body())
    } catch {
        return .hidden("\(what): \(error)")
    }
}

extension NetworkSnapshot {
    /// Looks at the network namespace of this thread, in which `netlink` asks. Needs no privilege.
    /// - Parameters:
    ///   - links: the names of those that matter.
    ///   - before: what was read at the beginning of the time that is watched.
    ///   - now: what was read at its end.
    static func look(
        _ links: Set<String>, since before: NetworkReading, until now: NetworkReading, _ netlink: borrowing Netlink
    ) -> NetworkSnapshot {
        var network = NetworkSnapshot()
        for name in links { network.links[name] = LinkSnapshot.look(name, netlink) }
        network.connected = ((try? netlink.connectedLinks(most: 16)) ?? []).map { found in
            var link = LinkSnapshot(found.name, mtu: found.mtu)
            link.isBridge = found.kind == "bridge"
            return link
        }
        network.addresses = lookAtAddresses(netlink)
        network.rules = lookAtRules(netlink)
        network.proxies = lookAtProxies(netlink)
        network.common = seen("/proc/sys/net/ipv4") { () throws(Errno) in
            var values = ["ip_forward": try Sysctl.read("ip_forward")]
            for setting in LinkSnapshot.Setting.allCases {
                values[setting.rawValue] = try Sysctl.read("conf/all/\(setting.rawValue)")
            }
            return values
        }
        network.counters = now.counters.map { $0.growth(since: before.counters.value ?? $0) }
        network.rawSockets = now.sockets.map { RawSocket.list($0, since: before.sockets.value ?? []) }
        return network
    }

    private static func lookAtAddresses(_ netlink: borrowing Netlink) -> Seen<Set<IPv4Address>> {
        do throws(Errno) {
            return .known(Set(try netlink.addresses(link: nil).map(\.address)))
        } catch {
            return .hidden("addresses: \(error)")
        }
    }

    private static func lookAtRules(_ netlink: borrowing Netlink) -> Seen<[RuleSnapshot]> {
        do throws(Errno) {
            return .known(
                try netlink.rules().map {
                    var rule = RuleSnapshot(priority: $0.priority, table: $0.table, ipProtocol: $0.rule?.ipProtocol)
                    rule.mark = $0.mark
                    rule.isOurs = $0.protocolNumber == HostChange.protocolNumber
                    return rule
                })
        } catch {
            return .hidden("routing rules: \(error)")
        }
    }

    private static func lookAtProxies(_ netlink: borrowing Netlink) -> Seen<[String: Set<IPv4Address>]> {
        do throws(Errno) {
            var names: [Int32: String] = [:]
            var proxies: [String: Set<IPv4Address>] = [:]
            for proxy in try netlink.proxies(link: nil) {
                if names[proxy.link] == nil { names[proxy.link] = try netlink.link(index: proxy.link)?.name ?? "?" }
                proxies[names[proxy.link] ?? "?", default: []].insert(proxy.address)
            }
            return .known(proxies)
        } catch {
            return .hidden("proxy neighbours: \(error)")
        }
    }
}

extension LinkSnapshot {
    /// The link of this name; `nil` when there is none, or when it cannot be asked for.
    static func look(_ name: String, _ netlink: borrowing Netlink) -> LinkSnapshot? {
        guard let found = (try? netlink.link(named: name)) ?? nil else { return nil }
        var link = LinkSnapshot(found.name, mtu: found.mtu)
        (link.isUp, link.isRunning) = (found.isUp, found.isRunning)
        link.isBridge = found.kind == "bridge"
        link.hasAddress = (try? netlink.addresses(link: found.index))?.isEmpty != true
        link.kind = found.kind
        if let master = found.master.flatMap({ try? netlink.link(index: $0) }), master.kind == "vrf" {
            link.vrf = master.name
        }
        link.sendDrops = Growth(total: found.sendDrops)
        for (setting, value) in (try? netlink.settings(link: found.index)) ?? [:] {
            if let setting = LinkSnapshot.Setting(rawValue: setting.rawValue) { link.settings[setting] = value }
        }
        return link
    }
}
