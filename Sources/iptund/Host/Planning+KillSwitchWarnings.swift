// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// What people should know of a kill switch on their host before they rely on it.
extension Planning {
    /// Where routes of `main` lead past the tunnel that are not known to be meant.
    func waysPast(_ netlink: borrowing Netlink) -> [Prefix] {
        guard settings.killSwitch != .off, isForAll,
            let ways = try? netlink.ways(in: Route.mainTable, besides: device.device.index)
        else { return [] }
        let allowed = settings.peers.flatMap { $0.allowed ?? [] }
        return ways.filter { way in
            !way.isMeant(allowed)
                && allowed.contains { $0.length < way.destination.length && $0.contains(way.destination.address) }
        }.map(\.destination)
    }

    /// That there are some; `nil` where there is none.
    func warning(aboutWaysPast netlink: borrowing Netlink) -> String? {
        let past = waysPast(netlink)
        guard let first = past.min(by: { $0.description < $1.description }) else { return nil }
        let others = past.count > 1 ? " and \(past.count - 1) more" : ""
        return
            "routes of main that DHCP, a router or some program made lead past the tunnel (\(first)\(others)): the kill "
            + "switch drops what takes them; 'ip route add \(first) via ROUTER proto static' says that one is meant"
    }

    /// Rules of other programs that are asked before ours, by their priorities: what they lead elsewhere, only tables stop.
    func rulesBefore(_ netlink: borrowing Netlink) -> [UInt32] {
        guard settings.killSwitch != .off, let rules = try? netlink.rules() else { return [] }
        return rules.filter { rule in
            rule.priority > 0 && rule.priority < PolicyRouting.firstPriority && rule.table != 0
                && rule.protocolNumber != HostChange.protocolNumber && rule.rule?.suppressPrefixLength == nil
        }.map(\.priority)
    }

    /// That there are some; `nil` where there is none.
    func warning(aboutRulesBefore netlink: borrowing Netlink) -> String? {
        let rules = rulesBefore(netlink)
        guard !rules.isEmpty else { return nil }
        return
            "rules of other programs are asked before the tunnel's (priority \(rules.map(String.init).joined(separator: ", "))): "
            + "against what they lead past it the kill switch has one layer, its nftables table"
    }

    /// That IPv6 goes by another way than all IPv4; `nil` where IPv6 is switched off.
    func warning(aboutIPv6 netlink: borrowing Netlink) -> String? {
        guard settings.killSwitch == .on, let near = try? netlink.neighbouringIPv6(), !near.isEmpty else { return nil }
        let allowed = settings.peers.flatMap { $0.allowed ?? [] }
        let ranges = TunnelDestinations.ranges(allowed, besides: [])
        guard ranges == TunnelDestinations.ranges([.all], besides: []) else { return nil }
        return "KillSwitch = yes is about IPv4 alone: what this host sends by IPv6 leaves in clear; "
            + "KillSwitch = all keeps it on the link"
    }

    /// That a name server of this host itself is asked, whose own questions are not let through: those of the resolver alone are.
    var warningAboutNameServer: String? {
        guard settings.killSwitch != .off, settings.peers.contains(where: { known[$0.endpoint] == nil }),
            let text = try? Files.read("/etc/resolv.conf")
        else { return nil }
        let servers = text.split(separator: "\n").compactMap { line -> Substring? in
            let words = line.split(whereSeparator: \.isWhitespace)
            return words.first == "nameserver" ? words.dropFirst().first : nil
        }
        guard let own = servers.first(where: { $0.hasPrefix("127.") || $0 == "::1" }) else { return nil }
        return
            "the name server \(own) is on this host, and its questions do not pass the kill switch until the tunnel is up: a peer by name "
            + "is found only if it can answer by itself; give the peer by address, or name a server beyond in /etc/resolv.conf"
    }

    /// That there is one layer only.
    func warning(of filterObstacle: String?) -> String? {
        filterObstacle.map {
            "KillSwitch stands on routes alone (\($0)): while another program removes these, packets leave in clear"
        }
    }
}
