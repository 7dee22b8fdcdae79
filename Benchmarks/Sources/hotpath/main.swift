// SPDX-License-Identifier: Apache-2.0

import CAllocations
import Tunnel
import Wire

/// What one packet costs in the rules, without any system call: nanoseconds and allocations, both directions, and for
/// packets that are dropped. Rounds are interleaved, and the median round counts: machines are shared and noisy.
///
/// The allocation counter is checked first: one that cannot count would prove nothing.
struct HotPath {
    static let rounds = 21
    static let batches = 2_000
    static let capacity = 64

    static let ours = IPv4Address(192, 0, 2, 1)
    static let theirs = IPv4Address(192, 0, 2, 2)

    static func main() throws {
        precondition(counterCounts(), "the allocation counter does not count")
        let table = try PeerTable([
            Peer(endpoint: theirs, local: ours, allowed: [Prefix(IPv4Address(10, 9, 0, 0), length: 24) ?? .all])
        ])
        let paths = Paths(peerCount: 1)
        paths.view.setUnderlayMTU(1500, to: PeerIndex(rawValue: 0))
        let rules = RuleSet(table: table, ownAddresses: [ours, IPv4Address(10, 8, 0, 254)])
        var outward = Encapsulation(rules, mtu: 1480, paths: paths.view)
        var inward = Decapsulation(rules, mtu: 1480, paths: paths.view)
        (outward.clamp, inward.clamp) = (.auto, .auto)
        let inner = packet(from: IPv4Address(10, 8, 0, 1), to: IPv4Address(10, 9, 0, 1), length: 1400, carrying: .udp)
        let reply = packet(from: IPv4Address(10, 9, 0, 1), to: IPv4Address(10, 8, 0, 1), length: 1400, carrying: .udp)
        let arriving = wrapped(reply, from: theirs)
        let strange = wrapped(reply, from: IPv4Address(203, 0, 113, 1))
        var encapsulated = Measure("encapsulate 1400 octets"), decapsulated = Measure("decapsulate 1400 octets")
        var dropped = Measure("drop a stranger's packet")
        var taps = TapMeasure()
        var cut = CutMeasure()
        var wire = WireMeasure()
        for _ in 0..<rounds {
            encapsulated.round(inner, outward)
            decapsulated.round(arriving, inward)
            dropped.round(strange, inward)
            taps.round(arriving, inward)
            cut.round()
            wire.round()
        }
        print("                           ns per packet (min-max)      allocations per packet")
        for measure in [encapsulated, decapsulated, dropped, cut.measure] { print(measure.line) }
        for line in taps.lines + wire.lines { print(line) }
        try LookupMeasure.run()
    }

    static func counterCounts() -> Bool {
        let before = allocations()
        let batch = PacketBatch(capacity: 1)
        return allocations() >= before + 2 && batch.capacity == 1
    }

    static func packet(
        from source: IPv4Address, to destination: IPv4Address, length: Int, carrying carried: IPProtocol
    ) -> [UInt8] {
        var bytes: [UInt8] = [
            0x45, 0, UInt8(length >> 8), UInt8(length & 0xff), 0, 0, 0x40, 0, 64, carried.rawValue, 0, 0,
        ]
        for address in [source, destination] {
            bytes += (0..<4).map { UInt8(truncatingIfNeeded: address.rawValue >> (24 - 8 * $0)) }
        }
        var checksum = Checksum()
        checksum.add(bytes.octets)
        (bytes[10], bytes[11]) = (UInt8(checksum.value >> 8), UInt8(checksum.value & 0xff))
        return bytes + [UInt8](repeating: 0x49, count: length - bytes.count)
    }

    static func wrapped(_ inner: [UInt8], from source: IPv4Address) -> [UInt8] {
        packet(from: source, to: ours, length: 20 + inner.count, carrying: .ipip).prefix(20) + inner
    }
}

/// The figures of one kind of packet.
struct Measure {
    let name: String
    private var nanoseconds: [Double] = []
    private var allocated: UInt = 0
    private var packets = 0

    init(_ name: String) { self.name = name }

    /// Sends one packet through `rules` as often as a round has it, each time restored to what a source would give.
    mutating func round(_ bytes: [UInt8], _ rules: some PacketRules) {
        var batch = PacketBatch(capacity: HotPath.capacity)
        let counters = Counters(peerCount: 1)
        let writer = counters.writer
        for index in 0..<HotPath.capacity { batch[index].copy(bytes.octets) }
        batch.setCount(HotPath.capacity)
        let before = allocations()
        let clock = ContinuousClock()
        let start = clock.now
        for _ in 0..<HotPath.batches {
            for index in batch.indices {
                batch[index].reset()
                batch[index].place(length: bytes.count)
                do throws(Drop) {
                    try rules.apply(to: &batch[index], at: 1)
                    writer.delivered(octets: batch[index].length, peer: batch[index].peer, at: 1)
                } catch {
                    writer.dropped(error, peer: batch[index].peer)
                }
            }
        }
        add(clock.now - start, allocated: allocations() - before, packets: HotPath.batches * HotPath.capacity)
    }

    /// Adds what a round took that somebody else ran.
    mutating func add(_ elapsed: Duration, allocated: UInt, packets count: Int) {
        self.allocated += allocated
        packets += count
        nanoseconds.append(Double(elapsed.components.attoseconds) / 1e9 / Double(count))
    }

    static func padded(_ name: String) -> String { name + String(repeating: " ", count: max(1, 27 - name.count)) }

    var line: String {
        let sorted = nanoseconds.sorted()
        func text(_ value: Double?) -> String { "\(((value ?? 0) * 10).rounded() / 10)" }
        let spread = "\(text(sorted[sorted.count / 2])) (\(text(sorted.first))-\(text(sorted.last)))"
        return Measure.padded(name) + spread + String(repeating: " ", count: max(1, 29 - spread.count))
            + "\(Double(allocated) / Double(packets)) (\(allocated) in \(packets))"
    }
}

/// What it costs to cut a TCP superpacket of 64 KB into segments of 1,400 octets and to write their headers; the payload
/// is summed, not copied.
struct CutMeasure {
    var measure = Measure("cut a segment of 1400 octets")

    mutating func round() {
        var inner = HotPath.packet(
            from: HotPath.ours, to: HotPath.theirs, length: 20 + 20 + 46 * 1400, carrying: .tcp)
        inner[20 + 12] = 0x50
        let fields = OuterFields(
            source: HotPath.ours, destination: HotPath.theirs, trafficClass: 0, ttl: .standard,
            fragmentation: .forbidden)
        guard let segmentation = Segmentation(inner.octets, size: 1400) else { preconditionFailure("no superpacket") }
        var batch = PacketBatch(capacity: 2)
        batch[0].copy(inner.octets)
        batch[1].place(length: Cut.maximumHeadLength)
        let cut = Cut.segments(segmentation)
        let count = cut.count(length: inner.count)
        let before = allocations()
        let clock = ContinuousClock()
        let start = clock.now
        var octets = 0
        for _ in 0..<HotPath.batches {
            for index in 0..<count {
                var head = batch[1].mutableBytes
                let written = cut.write(index, of: inner.octets, under: fields, identification: 0, to: &head)
                octets += written.headLength + written.body.count
            }
        }
        precondition(octets == HotPath.batches * count * (20 + 40 + 1400))
        measure.add(clock.now - start, allocated: allocations() - before, packets: HotPath.batches * count)
    }
}

try HotPath.main()
