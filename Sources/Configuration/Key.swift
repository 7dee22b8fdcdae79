// SPDX-License-Identifier: Apache-2.0

/// Everything that somebody may ask of a tunnel, by the name that it has in a configuration file.
///
/// Each is a flag of `iptund up` too. The order is that in which they are written.
package enum Key: String, CaseIterable, Sendable {
    case address = "Address"
    case local = "Local"
    case device = "Device"
    case mtu = "MTU"
    case ttl = "TTL"
    case df = "DF"
    case dscp = "DSCP"
    case ecn = "ECN"
    case minimumTTL = "MinTTL"
    case segmentSizeClamp = "MSSClamp"
    case table = "Table"
    case forward = "Forward"
    case proxyARP = "ProxyARP"
    case only = "Only"
    case acceptFrom = "AcceptFrom"
    case namespace = "Netns"
    case firewallMark = "FwMark"
    case killSwitch = "KillSwitch"
    case user = "User"
    case workers = "Workers"
    case offload = "Offload"
    case keepalive = "Keepalive"
    case name = "Name"
    case endpoint = "Endpoint"
    case allowedIPs = "AllowedIPs"
    case probe = "Probe"

    /// The key of this name, however its letters are capitalised.
    package init?(named name: String) {
        guard let key = Key.byLowercasedName[name.lowercased()] else { return nil }
        self = key
    }

    private static let byLowercasedName = Dictionary(
        uniqueKeysWithValues: allCases.map { ($0.rawValue.lowercased(), $0) })

    /// Where in a file it belongs.
    package var section: Section {
        switch self {
        case .name, .endpoint, .allowedIPs, .probe: .peer
        default: .interface
        }
    }

    /// How many values it takes.
    package enum Multiplicity: Sendable {
        case one
        /// Any number, by comma or by repetition.
        case list
    }

    /// How many values it takes.
    package var multiplicity: Multiplicity {
        switch self {
        case .address, .acceptFrom, .allowedIPs, .forward: .list
        default: .one
        }
    }

    /// The flag's name, without the two hyphens: `allowed-ips`.
    package var flagName: String {
        switch self {
        case .minimumTTL: "min-ttl"
        case .segmentSizeClamp: "mss-clamp"
        case .proxyARP: "proxy-arp"
        case .acceptFrom: "accept-from"
        case .firewallMark: "fwmark"
        case .killSwitch: "kill-switch"
        case .name: "peer-name"
        case .endpoint: "peer"
        case .allowedIPs: "allowed-ips"
        default: rawValue.lowercased()
        }
    }

    /// The flag: `--allowed-ips`.
    package var flag: String { "--\(flagName)" }

    /// What stands for the value in a synopsis; `nil` where the flag alone means yes.
    package var valueName: String? {
        switch self {
        case .address: "a/p"
        case .local, .probe: "address"
        case .device, .namespace, .name: "name"
        case .mtu: "octets"
        case .ttl, .dscp, .minimumTTL, .segmentSizeClamp, .workers: "n"
        case .df: "policy"
        case .ecn: "mode"
        case .table: "table"
        case .forward, .killSwitch: nil
        case .firewallMark: "n/mask"
        case .proxyARP: "dev"
        case .only: "way"
        case .acceptFrom: "who"
        case .user: "user"
        case .offload: "state"
        case .keepalive: "time,n"
        case .endpoint: "host"
        case .allowedIPs: "prefix"
        }
    }
}
