// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire

/// Both directions of a tunnel, and the soft state that they share: a class, since that must outlive them.
final class TestTunnel {
    let paths: Paths
    var encapsulation: Encapsulation
    var decapsulation: Decapsulation
    var relay: ICMPRelay

    /// The tunnel of ``Example`` unless there are other peers; without a `pathMTU` the way takes everything.
    init(
        _ table: PeerTable? = nil, ownAddresses: Set<IPv4Address> = [], policy: OuterPolicy = OuterPolicy(),
        mtu: Int = 1480, pathMTU: Int? = nil
    ) throws {
        let table = try table ?? Example.table()
        let rules = RuleSet(table: table, ownAddresses: ownAddresses)
        paths = Paths(peerCount: table.slots.count)
        encapsulation = Encapsulation(rules, policy: policy, mtu: mtu, paths: paths.view)
        decapsulation = Decapsulation(rules, mtu: mtu, paths: paths.view)
        relay = ICMPRelay(rules, policy: policy, paths: paths.view)
        guard let pathMTU else { return }
        for peer in table.indices { setPathMTU(pathMTU, to: peer) }
    }

    /// What the first link on the way to a peer takes, octets.
    func setPathMTU(_ octets: Int, to peer: PeerIndex = Example.first) { paths.view.setUnderlayMTU(octets, to: peer) }
}

extension OuterPolicy {
    /// The defaults, but for what is named.
    init(
        ttl: TTLPolicy = .fixed(.standard), fragmentation: FragmentationPolicy = .set, dscp: DSCPPolicy = .inherit,
        ecn: ECNPolicy = .normal
    ) {
        self.init()
        (self.ttl, self.fragmentation, self.dscp, self.ecn) = (ttl, fragmentation, dscp, ecn)
    }
}

/// What the rules made of one packet.
struct Outcome: Equatable {
    /// Why it was dropped; `nil` when it goes on.
    var drop: Drop?
    /// What is in the slot now.
    var bytes: [UInt8]
    /// Where that starts, counted from the start of the packet as it was given.
    var start: Int
    var peer: PeerIndex?
    var outer: OuterFields?
    var cut: Cut
    var answer: ICMPv4Error?
    var remark: PacketSlot.Remark?
    var checksum: ChecksumState
    var segmentSize: Int
    var fate: PacketSlot.Fate

    /// The outer packets as they go on the wire; `identification` is used where DF is clear.
    func outerPackets(identification: UInt16 = 0) throws -> [[UInt8]] {
        let fields = try #require(outer)
        var batch = PacketBatch(capacity: 1)
        return (0..<cut.count(length: bytes.count)).map { index in
            batch[0].place(length: Cut.maximumHeadLength)
            var head = batch[0].mutableBytes
            let (length, body) = cut.write(
                index, of: bytes.octets, under: fields, identification: identification, to: &head)
            return Array(octets(batch[0].bytes).prefix(length)) + bytes[body]
        }
    }

    /// What each of the outer packets carries.
    func innerPackets() throws -> [[UInt8]] { try outerPackets().map { Array($0.dropFirst(OuterHeader.length)) } }
}

/// A batch of one slot that many packets may pass through, one after the other.
struct Bench: ~Copyable {
    private var batch = PacketBatch(capacity: 1)

    mutating func encapsulate(
        _ packet: [UInt8], by tunnel: TestTunnel, checksum: ChecksumState = .unknown, segmentSize: Int = 0,
        at now: UInt64 = Example.now
    ) -> Outcome {
        load(packet, checksum: checksum, segmentSize: segmentSize)
        return withExtendedLifetime(tunnel) { apply(tunnel.encapsulation, at: now) }
    }

    mutating func decapsulate(_ packet: [UInt8], by tunnel: TestTunnel, at now: UInt64 = Example.now) -> Outcome {
        load(packet, checksum: .unknown, segmentSize: 0)
        return withExtendedLifetime(tunnel) { apply(tunnel.decapsulation, at: now) }
    }

    private mutating func apply(_ rules: some PacketRules, at now: UInt64) -> Outcome {
        do throws(Drop) {
            try rules.apply(to: &batch[0], at: now)
            return outcome(nil)
        } catch {
            return outcome(error)
        }
    }

    private mutating func load(_ packet: [UInt8], checksum: ChecksumState, segmentSize: Int) {
        batch[0].copy(packet.octets)
        batch[0].checksum = checksum
        batch[0].segmentSize = segmentSize
    }

    private func outcome(_ drop: Drop?) -> Outcome {
        Outcome(
            drop: drop, bytes: octets(batch[0].bytes), start: batch[0].offset - PacketSlot.headroom,
            peer: batch[0].peer, outer: batch[0].outer, cut: batch[0].cut, answer: batch[0].answer,
            remark: batch[0].remark, checksum: batch[0].checksum, segmentSize: batch[0].segmentSize,
            fate: batch[0].fate)
    }
}

/// One packet through the rules of the encapsulating side.
func encapsulate(
    _ packet: [UInt8], by tunnel: TestTunnel, checksum: ChecksumState = .unknown, segmentSize: Int = 0,
    at now: UInt64 = Example.now
) -> Outcome {
    var bench = Bench()
    return bench.encapsulate(packet, by: tunnel, checksum: checksum, segmentSize: segmentSize, at: now)
}

/// One packet through the rules of the decapsulating side.
func decapsulate(_ packet: [UInt8], by tunnel: TestTunnel, at now: UInt64 = Example.now) -> Outcome {
    var bench = Bench()
    return bench.decapsulate(packet, by: tunnel, at: now)
}
