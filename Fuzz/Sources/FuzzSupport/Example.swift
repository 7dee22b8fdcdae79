// SPDX-License-Identifier: Apache-2.0

public import Tunnel
public import Wire

/// The tunnel that is fuzzed, seen from 10.77.0.1. The captures of Tests/Fixtures pass it, see there.
///
/// All that the targets know of how rules are made and applied stands in this file.
public enum Example {
    /// A peer that may send to any address of ours, and a pedantic one whose AllowedIPs lie inside of the first's.
    public static let table: PeerTable = {
        let local = IPv4Address(10, 77, 0, 1)
        let peers = [
            Peer(
                endpoint: IPv4Address(10, 77, 0, 2), local: local,
                allowed: prefixes("172.31.0.0/24", "192.168.0.0/16", "10.77.0.0/24")),
            Peer(
                endpoint: IPv4Address(10, 77, 0, 3), local: local, acceptance: .localOnly,
                allowed: prefixes("192.168.50.0/29")),
        ]
        do throws(PeerTable.Invalid) {
            return try PeerTable(peers)
        } catch {
            fatalError("\(error)")
        }
    }()

    private static func prefixes(_ texts: String...) -> [Prefix] { texts.compactMap { Prefix($0) } }

    /// The MTU of the device that packets come out of.
    public static let mtu = 1_480
    /// How long an outer packet may be on the way to each peer.
    public static let pathMTU = 600

    private static let paths: Paths = {
        let paths = Paths(peerCount: table.peers.count)
        for index in table.peers.indices {
            paths.view.setUnderlayMTU(pathMTU, to: PeerIndex(rawValue: UInt32(index)))
        }
        return paths
    }()

    private static let rules = RuleSet(table: table, ownAddresses: [IPv4Address(10, 77, 0, 1)])

    private static let decapsulation = Decapsulation(rules, mtu: mtu, paths: paths.view)
    private static let encapsulations = OuterPolicy.FragmentationPolicy.allCases.map { fragmentation in
        [OuterPolicy.TTLPolicy.fixed(.standard), .inherit].map { ttl in
            var policy = OuterPolicy()
            (policy.fragmentation, policy.ttl) = (fragmentation, ttl)
            return Encapsulation(rules, policy: policy, mtu: mtu, paths: paths.view)
        }
    }

    /// What becomes of a packet from the network.
    public static func decapsulate(_ slot: inout PacketSlot) throws(Drop) { try decapsulation.apply(to: &slot, at: 0) }

    /// What becomes of a packet that was routed into the device.
    public static func encapsulate(
        _ slot: inout PacketSlot, _ fragmentation: OuterPolicy.FragmentationPolicy, inheritingTTL: Bool
    ) throws(Drop) {
        let place = OuterPolicy.FragmentationPolicy.allCases.firstIndex(of: fragmentation) ?? 0
        try encapsulations[place][inheritingTTL ? 1 : 0].apply(to: &slot, at: 0)
    }

    /// What judges ICMP errors.
    public static func relay(paths: Paths.View) -> ICMPRelay { ICMPRelay(rules, paths: paths) }
}
