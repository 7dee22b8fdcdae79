// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

extension ConfigurationText {
    /// A file that reads back as these settings. It says only what differs from the defaults.
    package static func render(_ settings: TunnelSettings) -> String {
        var text = "# An IP-in-IP tunnel; 'iptund up' with the name of this file carries it.\n[Interface]\n"
        for (key, values) in interface(settings) {
            for value in values { text += line(key, value) }
        }
        for peer in settings.peers {
            text += "\n[Peer]\n"
            if let name = peer.name { text += line(.name, name) }
            text += line(.endpoint, "\(peer.endpoint)")
            for prefix in peer.allowed ?? [] { text += line(.allowedIPs, "\(prefix)") }
            if let probe = peer.probe { text += line(.probe, "\(probe)") }
        }
        return text
    }

    /// What is said of the tunnel as a whole: what is not, is as it is by default.
    private static func interface(_ settings: TunnelSettings) -> [(Key, [String])] {
        let (defaults, policy) = (TunnelSettings(), settings.policy)
        var lines: [(Key, [String])] = [
            (.address, settings.addresses.map(\.description)),
            (.local, [settings.local?.description].compactMap(\.self)),
            (.device, [settings.device?.text].compactMap(\.self)),
            (.mtu, [settings.mtu?.description].compactMap(\.self)),
        ]
        lines += outer(policy.outer)
        lines.append((.minimumTTL, [policy.minimumTTL?.description].compactMap(\.self)))
        if policy.clamp != defaults.policy.clamp { lines.append((.segmentSizeClamp, [policy.clamp.text])) }
        if settings.table != defaults.table { lines.append((.table, [settings.table.text])) }
        lines.append((.forward, settings.forward.elements))
        lines.append((.proxyARP, [settings.proxyARP?.text].compactMap(\.self)))
        lines.append((.only, [policy.only?.rawValue].compactMap(\.self)))
        if policy.acceptance != .peers { lines.append((.acceptFrom, policy.acceptance.elements)) }
        lines.append((.namespace, [settings.namespace].compactMap(\.self)))
        lines.append((.firewallMark, [settings.mark?.description].compactMap(\.self)))
        if settings.killSwitch != .off { lines.append((.killSwitch, [settings.killSwitch.rawValue])) }
        lines.append((.user, [settings.user].compactMap(\.self)))
        if settings.workers != defaults.workers { lines.append((.workers, [settings.workers.text])) }
        if settings.offload != defaults.offload { lines.append((.offload, [settings.offload.rawValue])) }
        lines.append((.keepalive, [settings.keepalive?.text].compactMap(\.self)))
        return lines
    }

    private static func outer(_ policy: OuterPolicy) -> [(Key, [String])] {
        let defaults = OuterPolicy()
        var lines: [(Key, [String])] = []
        switch policy.ttl {
        case defaults.ttl: break
        case .fixed(let ttl): lines.append((.ttl, ["\(ttl.rawValue)"]))
        case .inherit: lines.append((.ttl, ["inherit"]))
        }
        if policy.fragmentation != defaults.fragmentation { lines.append((.df, [policy.fragmentation.rawValue])) }
        if case .fixed(let number) = policy.dscp { lines.append((.dscp, ["\(number)"])) }
        if policy.ecn != defaults.ecn { lines.append((.ecn, [policy.ecn.rawValue])) }
        return lines
    }

    /// `Key        = value`. A value that begins with `#` has no space before it, or it would be a comment.
    private static func line(_ key: Key, _ value: String) -> String {
        let padding = String(repeating: " ", count: max(0, width - key.rawValue.count))
        return "\(key.rawValue)\(padding) =\(value.hasPrefix("#") ? "" : " ")\(value)\n"
    }

    private static let width = Key.allCases.map(\.rawValue.count).max() ?? 0
}

extension SegmentSizeClamp {
    fileprivate var text: String {
        switch self {
        case .off: "off"
        case .auto: "auto"
        case .fixed(let size): "\(size)"
        }
    }
}

extension RouteTable {
    fileprivate var text: String {
        switch self {
        case .automatic: "auto"
        case .off: "off"
        case .number(let number): "\(number)"
        }
    }
}

extension Forwarding {
    fileprivate var elements: [String] {
        switch self {
        case .off: []
        case .connected: ["yes"]
        case .devices(let devices): devices.map(\.text)
        }
    }
}

extension ProxyARP {
    fileprivate var text: String {
        switch scope {
        case .hosts: device.text
        case .networks: "\(device.text) networks"
        }
    }
}

extension WorkerCount {
    fileprivate var text: String {
        switch self {
        case .fixed(let count): "\(count)"
        case .automatic: "auto"
        }
    }
}
