// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Tunnel
import Wire

/// An address that is written correctly.
func address(_ text: String) -> IPv4Address { IPv4Address(text) ?? .unspecified }

/// A block that is written correctly.
func prefix(_ text: String) -> Prefix { Prefix(text) ?? .all }

extension HostSnapshot {
    /// A host with one tunnel on which all is well.
    ///
    /// ```
    ///   10.9.0.1  b ······· 10.9.0.2 and 10.20.0.0/16 behind the peer
    ///   192.0.2.1 eth0 ════ 192.0.2.2
    /// ```
    static var healthy: HostSnapshot {
        var host = HostSnapshot()
        host.windowMilliseconds = 1_000
        host.network = .healthy
        host.tunnels = [.healthy]
        host.netfilter = .known(Netfilter())
        host.ipsecPolicies = .known([])
        host.appliesIPsec = true
        host.surroundings.kernelTunnels = .known([])
        host.surroundings.owners = .known([])
        host.surroundings.martianLoggers = ["all"]
        host.surroundings.martians = .known([])
        return host
    }

    /// The same with something changed about the tunnel.
    static func tunnel(_ change: (inout TunnelSnapshot) -> Void) -> HostSnapshot {
        var host = healthy
        change(&host.tunnels[0])
        return host
    }

    /// The same with something changed about its peer.
    static func peer(_ change: (inout PeerSnapshot) -> Void) -> HostSnapshot {
        tunnel { change(&$0.peers[0]) }
    }

    /// The same with something changed about the network.
    static func network(_ change: (inout NetworkSnapshot) -> Void) -> HostSnapshot {
        var host = healthy
        change(&host.network)
        return host
    }

    /// Changes a setting of a link.
    mutating func set(_ setting: LinkSnapshot.Setting, to value: UInt32, on link: String) {
        network.links[link]?.settings[setting] = value
    }
}

extension NetworkSnapshot {
    static var healthy: NetworkSnapshot {
        var network = NetworkSnapshot()
        for (name, mtu) in [("eth0", 1_500), ("b", 1_480), ("lan", 1_500)] {
            var link = LinkSnapshot(name, mtu: mtu)
            for setting in LinkSnapshot.Setting.allCases { link.settings[setting] = 0 }
            network.links[name] = link
        }
        network.links["b"]?.settings[.reversePathFilter] = 2
        network.addresses = .known([address("192.0.2.1"), address("10.9.0.1"), address("127.0.0.1")])
        network.rules = .known([RuleSnapshot(priority: 32_766, table: 254)])
        network.common = .known(
            Dictionary(
                uniqueKeysWithValues: LinkSnapshot.Setting.allCases.map { ($0.rawValue, 0) } + [("ip_forward", 0)])
        )
        network.counters = .known([:])
        network.rawSockets = .known([])
        network.proxies = .known([:])
        return network
    }
}

extension TunnelSnapshot {
    static var healthy: TunnelSnapshot {
        var tunnel = TunnelSnapshot("b")
        tunnel.device = "b"
        tunnel.standing = .running(problem: nil)
        tunnel.decapsulated = Growth(total: 100, recent: 5)
        tunnel.encapsulated = Growth(total: 100, recent: 5)
        tunnel.peers = [.healthy]
        return tunnel
    }
}

extension PeerSnapshot {
    static var healthy: PeerSnapshot {
        var peer = PeerSnapshot("192.0.2.2", endpoint: address("192.0.2.2"))
        peer.local = address("192.0.2.1")
        peer.allowed = [prefix("10.9.0.2/32"), prefix("10.20.0.0/16")]
        peer.way = .out("ip route get 192.0.2.2 mark 0x1994", "eth0")
        peer.plainWay = .out("ip route get 192.0.2.2", "eth0")
        (peer.underlayMTU, peer.pathMTU) = (1_500, 1_500)
        peer.inner = [
            .init(prefix("10.9.0.2/32"), [.out("ip route get 10.9.0.2", "b")]),
            .init(prefix("10.20.0.0/16"), [.out("ip route get 10.20.0.1", "b")]),
        ]
        peer.received = Growth(total: 100, recent: 5)
        return peer
    }
}

extension RouteAnswer {
    /// A packet that leaves by a device.
    static func out(_ question: String, _ device: String) -> RouteAnswer {
        RouteAnswer(question, .out(device: device, gateway: nil, source: nil))
    }
}

extension Check {
    /// What this check says of a host, by the worst.
    static func verdicts(_ host: HostSnapshot) -> [Verdict] { judge(host).map(\.verdict) }
}

/// A counter that has just grown.
let growing = Growth(total: 9, recent: 3)
/// A counter that has grown, but not just now.
let old = Growth(total: 9, recent: 0)
