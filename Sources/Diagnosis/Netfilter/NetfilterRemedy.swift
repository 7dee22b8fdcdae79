// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// The command that accepts packets where a rule stops them.
extension NetfilterQuestion {
    /// The command that lets such packets pass where `place` stops them.
    ///
    /// Where a program manages the rules, it is that program's command: a rule beside its own is lost when it reloads. The
    /// protocol is a number: `ipip` is 94 in /etc/protocols.
    package func mending(_ place: Netfilter.Place, in netfilter: Netfilter) -> String {
        let table = netfilter.tables.first {
            ($0.family, $0.name, $0.tool) == (place.family, place.table, place.tool)
        }
        switch table.flatMap({ Netfilter.Manager($0, place) }) {
        case .firewalld?: return firewalld(table, place) ?? plain(place)
        case .ufw?: return ufw(place)
        case .docker?: return "iptables -I DOCKER-USER \(iptablesCondition) -j ACCEPT"
        case nil: return plain(place)
        }
    }

    /// The rule of the tool itself.
    private func plain(_ place: Netfilter.Place) -> String {
        switch place.tool {
        case .nft:
            let condition = place.family == .bridge ? bridgeCondition : nftCondition
            return "nft insert rule \(place.family.rawValue) \(place.table) \(place.base) \(condition) accept"
        case .iptables, .legacyIptables:
            let table = place.table == "filter" ? "" : " -t \(place.table)"
            let program = place.tool == .iptables ? "iptables" : "iptables-legacy"
            return "\(program)\(table) -I \(place.base) \(iptablesCondition) -j ACCEPT"
        }
    }

    private var nftCondition: String {
        switch traffic {
        case .arriving(let peer, _): "ip saddr \(peer) ip protocol 4"
        case .leaving(let peer, _): "ip daddr \(peer) ip protocol 4"
        case .emerging(_, let device, let link): "iifname \"\(device)\"\(link.map { " oifname \"\($0)\"" } ?? "")"
        case .entering(_, let device, let link): "\(link.map { "iifname \"\($0)\" " } ?? "")oifname \"\(device)\""
        }
    }

    /// The condition in a chain of family `bridge`, which sees ports in place of the tunnel's device.
    private var bridgeCondition: String {
        switch traffic {
        case .arriving, .leaving: nftCondition
        case .emerging(let prefix, _, _): prefix == .all ? "ether type ip" : "ip saddr \(prefix)"
        case .entering(let prefix, _, _): prefix == .all ? "ether type ip" : "ip daddr \(prefix)"
        }
    }

    private var iptablesCondition: String {
        switch traffic {
        case .arriving(let peer, _): "-s \(peer) -p 4"
        case .leaving(let peer, _): "-d \(peer) -p 4"
        case .emerging(_, let device, let link): "-i \(device)\(link.map { " -o \($0)" } ?? "")"
        case .entering(_, let device, let link): "\(link.map { "-i \($0) " } ?? "")-o \(device)"
        }
    }

    /// ufw's commands know no protocol 4 (`ufw.util.supported_protocols`), so its file of rules has to.
    private func ufw(_ place: Netfilter.Place) -> String {
        // A rule of the user's is behind those that came before it.
        let verb = place.chain.hasPrefix("ufw-user") ? "prepend allow" : "allow"
        switch traffic {
        case .arriving: return ufw(line: "-A ufw-before-input \(iptablesCondition) -j ACCEPT")
        case .leaving: return ufw(line: "-A ufw-before-output \(iptablesCondition) -j ACCEPT")
        case .emerging(_, let device, nil): return "ufw \(verb) in on \(device)"
        case .emerging(_, let device, let link?): return "ufw route \(verb) in on \(device) out on \(link)"
        case .entering(_, let device, nil): return "ufw \(verb) out on \(device)"
        case .entering(_, let device, let link?): return "ufw route \(verb) in on \(link) out on \(device)"
        }
    }

    private func ufw(line: String) -> String {
        "sed -i '0,/^# End required lines/s//&\\n\(line)/' /etc/ufw/before.rules && ufw reload"
    }

    /// firewalld takes protocols by number; `nil` where no command of its own does it.
    private func firewalld(_ table: Netfilter.Table?, _ place: Netfilter.Place) -> String? {
        let command = "firewall-cmd --permanent"
        switch traffic {
        case .arriving(let peer, _):
            let zone = table.flatMap(zone).map { " --zone=\($0)" } ?? ""
            return "\(command)\(zone) --add-rich-rule='rule family=\"ipv4\" source address=\"\(peer)\" "
                + "protocol value=\"4\" accept' && firewall-cmd --reload"
        case .leaving(let peer, let local):
            if place.base.hasPrefix("nat_POST") || place.base == "POSTROUTING" {
                // A table of its own stays when firewalld reloads, and comes first.
                return "nft 'table ip iptund { chain nat { type nat hook postrouting priority 99; "
                    + "ip daddr \(peer) ip protocol 4 snat to \(local); } }'"
            }
            guard
                let policy = place.chain.firstMatch(
                    of: /^(?:filter_)?OUT_policy_(.+?)(?:_(?:pre|log|deny|allow|post))?$/)
            else { return nil }
            return "\(command) --policy=\(policy.1) --add-rich-rule='rule family=\"ipv4\" destination "
                + "address=\"\(peer)\" protocol value=\"4\" accept' && firewall-cmd --reload"
        case .emerging(_, let device, _), .entering(_, let device, nil):
            return "\(command) --zone=trusted --add-interface=\(device) && firewall-cmd --reload"
        case .entering(_, let device, _?):
            let policy = "\(command) --policy=to-\(device)"
            return "\(command) --zone=trusted --add-interface=\(device) && \(command) --new-policy=to-\(device) && "
                + "\(policy) --add-ingress-zone=ANY && \(policy) --add-egress-zone=trusted && "
                + "\(policy) --set-target=ACCEPT && firewall-cmd --reload"
        }
    }

    /// The zone that firewalld puts such packets into: its chain for them is `filter_IN_ZONE`, or `IN_ZONE` with iptables.
    ///
    /// The chain that chooses is called otherwise since firewalld 2.1, and leads to chains of policies too.
    private func zone(_ table: Netfilter.Table) -> String? {
        let dispatchers = [
            ("filter_INPUT_ZONES", "filter_IN_"), ("filter_INPUT_POLICIES", "filter_IN_"), ("INPUT_ZONES", "IN_"),
        ]
        for (dispatcher, prefix) in dispatchers {
            for rule in table.chains[dispatcher]?.rules ?? [] {
                var isMet = true
                for step in rule.steps {
                    switch step {
                    case .match(let match): isMet = isMet && packet.satisfies(match, in: table) == .yes
                    case .unknown: isMet = false
                    case .verdict(.goto(let name)), .verdict(.jump(let name)):
                        guard isMet, name.hasPrefix(prefix), !name.hasPrefix("\(prefix)policy_") else { continue }
                        return String(name.dropFirst(prefix.count))
                    default: break
                    }
                }
            }
        }
        return nil
    }
}

extension Netfilter {
    /// A program that writes rules of its own, and writes them anew when it is told to reload.
    package enum Manager: Equatable, Sendable {
        case ufw
        case firewalld
        /// Docker keeps one chain, DOCKER-USER, for the administrator.
        case docker

        /// The program that the rules at `place` belong to, by the names of its chains; `nil` where it is the administrator.
        package init?(_ table: Table, _ place: Place) {
            if table.name == "firewalld" || table.chains["INPUT_ZONES"] != nil {
                self = .firewalld
            } else if table.name == "filter", table.chains["ufw-before-input"] != nil {
                self = .ufw
            } else if table.name == "filter", place.base == "FORWARD", table.chains["DOCKER-USER"] != nil {
                self = .docker
            } else {
                return nil
            }
        }
    }
}
