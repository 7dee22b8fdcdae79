// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Changes as the commands that one could have typed.
extension HostChange {
    /// The command that does the same, and what kind of command it is.
    var command: (kind: String, text: String) {
        switch self {
        case .noIPv6(let device): ("ip link", "ip link set dev \(device.name) addrgenmode none")
        case .mtu(let octets, let device): ("ip link", "ip link set dev \(device.name) mtu \(octets)")
        case .address(let address, let device): ("ip address", "ip address add \(address) dev \(device.name)")
        case .up(let device): ("ip link", "ip link set dev \(device.name) up")
        case .route(let route, let device): ("ip route", "ip route add \(HostChange.text(route, device))")
        case .rule(let rule): ("ip rule", "ip rule add \(HostChange.text(rule))")
        case .proxy(let address, let device):
            ("ip neigh", "ip neigh add proxy \(address) dev \(device.name) protocol \(HostChange.protocolNumber)")
        case .setting(let setting, let value, let device):
            ("sysctl", "sysctl -w \(HostChange.key(setting, device))=\(value)")
        case .noCommonRedirects: ("sysctl", "sysctl -w net.ipv4.conf.all.send_redirects=0")
        }
    }

    /// A setting by the name that sysctl(8) has for it, in which a dot of a device's name is a slash.
    static func key(_ setting: InterfaceSetting, _ device: Device) -> String {
        let name = device.name.map { $0 == "." ? "/" : $0 }
        return "net.ipv4.conf.\(String(name)).\(setting.rawValue)"
    }

    fileprivate static func text(_ route: Route, _ device: Device) -> String {
        let table = route.table == Route.mainTable ? "" : " table \(route.table)"
        let source = route.source.map { " src \($0)" } ?? ""
        let metric = route.metric == 0 ? "" : " metric \(route.metric)"
        guard route.kind == .unicast else {
            return "unreachable \(route.destination)\(table) proto \(route.protocolNumber)\(metric)"
        }
        let gateway = route.gateway.map { " via \($0)" } ?? ""
        let flags = route.isOnLink ? " onlink" : ""
        return "\(route.destination)\(gateway) dev \(device.name)\(table) proto \(route.protocolNumber)\(metric)"
            + "\(source)\(flags)"
    }

    fileprivate static func text(_ rule: RoutingRule) -> String {
        let sense = (rule.sense == .others ? " not" : "") + (rule.source.map { " from \($0)" } ?? "")
        let input = rule.input.map { " iif \($0)" } ?? ""
        let mark = input + (rule.mark.map { " fwmark 0x\(String($0, radix: 16))" } ?? "")
        let ports = rule.destinationPorts.map { " dport \($0.lowerBound)-\($0.upperBound)" } ?? ""
        let ipProtocol = (rule.ipProtocol.map { " ipproto \($0)" } ?? "") + ports
        let table = rule.table == Route.mainTable ? "main" : "\(rule.table)"
        let suppress = rule.suppressPrefixLength.map { " suppress_prefixlength \($0)" } ?? ""
        let action = rule.target.map { "goto \($0)" } ?? "lookup \(table)\(suppress)"
        return "priority \(rule.priority)\(sense)\(mark)\(ipProtocol) \(action) protocol \(rule.protocolNumber)"
    }
}

extension Step {
    /// The command that takes the change back.
    var reverseCommand: (kind: String, text: String) {
        let before = before.map { "\($0)" } ?? "?"
        return switch change {
        case .noIPv6(let device): ("ip link", "ip link delete dev \(device.name)")
        case .mtu(_, let device): ("ip link", "ip link set dev \(device.name) mtu \(before)")
        case .address(let address, let device): ("ip address", "ip address delete \(address) dev \(device.name)")
        case .up(let device): ("ip link", "ip link set dev \(device.name) down")
        case .route(let route, let device): ("ip route", "ip route delete \(HostChange.text(route, device))")
        case .rule(let rule): ("ip rule", "ip rule delete \(HostChange.text(rule))")
        case .proxy(let address, let device): ("ip neigh", "ip neigh delete proxy \(address) dev \(device.name)")
        case .setting(let setting, _, let device): ("sysctl", "sysctl -w \(HostChange.key(setting, device))=\(before)")
        case .noCommonRedirects: ("sysctl", "sysctl -w net.ipv4.conf.all.send_redirects=\(before)")
        }
    }
}
