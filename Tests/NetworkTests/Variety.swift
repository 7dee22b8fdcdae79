// SPDX-License-Identifier: Apache-2.0

import Testing

/// A kind of tunnel that changes its host in ways of its own, at ``Lab/gateway()``'s `a`.
enum Variety: String, CaseIterable, CustomTestStringConvertible {
    case bare = "a bare peer, pinned"
    case everything = "its peer inside of its AllowedIPs, forwarding, answering ARP for hosts and networks"
    case killSwitch = "the same with a kill switch"
    case persistent = "the same on a device that outlives it"
    case ownTable = "routes in a table that was asked for"
    case elsewhere = "its device in another network namespace"

    var testDescription: String { rawValue }

    /// The tunnel's and its device's name.
    static let name = "mine"

    /// What `up` is told.
    func arguments(_ gateway: Gateway) -> [String] {
        let common = ["--device", Variety.name, "--peer", "192.0.2.2", "--address", "10.9.0.1/32,10.9.0.9/32"]
        let prefixes = ["--allowed-ips", "192.0.2.0/24,10.9.0.2/32,10.20.1.64/31,10.30.0.0/16"]
        switch self {
        case .bare: return common
        case .everything, .persistent:
            return common + prefixes + ["--forward", "--proxy-arp", "lan networks"]
        case .killSwitch:
            return common + prefixes + ["--forward", "--proxy-arp", "lan networks", "--kill-switch"]
        case .ownTable: return common + ["--allowed-ips", "10.9.0.2/32,10.30.0.0/16", "--table", "77"]
        case .elsewhere: return common + prefixes + ["--netns", gateway.left.namespace]
        }
    }

    /// Makes `a` what it has to be, so that nothing but the tunnel changes it afterwards.
    func prepare(_ gateway: Gateway) throws {
        guard self == .persistent else { return }
        try gateway.a.shell("ip tuntap add mode tun name \(Variety.name); ip link set \(Variety.name) addrgenmode none")
        // Whoever attaches to such a device decides what it offers, which it keeps.
        #expect(try gateway.a.up(arguments(gateway)).end() == 0)
    }
}
