// SPDX-License-Identifier: Apache-2.0

import CAllocations
import Tunnel
import Wire

/// What it costs to find the peer of a packet, by the number of peers and prefixes, and what memory a tunnel takes for them.
///
/// The addresses come in random order, and each lookup waits for the one before it: nothing is cached, predicted or
/// overlapped that would not be between two packets of strangers.
struct LookupMeasure {
    private let memory: String
    private let table: PeerTable
    private let anywhere: [IPv4Address]
    private let repeating: [IPv4Address]
    private let endpoints: [IPv4Address]
    private var byPrefix: Measure
    private var byRepeatedPrefix: Measure
    private var byEndpoint: Measure

    /// Lookups per round, each of another address.
    private static let lookups = 1 << 16
    /// How many destinations repeat where it is said that they do.
    private static let destinations = 300

    /// Measures and prints all of it.
    static func run() throws {
        var random = Random()
        var measures = [
            try LookupMeasure("1 peer", peers: 1, prefixes: 1, &random),
            try LookupMeasure("100 peers", peers: 100, prefixes: 100, &random),
            try LookupMeasure("10,000 peers", peers: 10_000, prefixes: 10_000, &random),
            try LookupMeasure("and 100,000 prefixes", peers: 10_000, prefixes: 100_000, &random),
        ]
        for _ in 0..<HotPath.rounds { for index in measures.indices { measures[index].round() } }
        let columns = "ns per lookup (min-max)      allocations per lookup"
        print("\nlook up by prefix          \(columns)")
        for measure in measures { print(measure.byPrefix.line) }
        print("\(destinations) destinations repeat")
        for measure in measures { print(measure.byRepeatedPrefix.line) }
        print("look up by endpoint        \(columns)")
        for measure in measures { print(measure.byEndpoint.line) }
        print("memory, octets: peers + table + counters and paths; how long the table takes to build")
        for measure in measures { print(measure.memory) }
    }

    private init(_ name: String, peers count: Int, prefixes: Int, _ random: inout Random) throws {
        (byPrefix, byRepeatedPrefix, byEndpoint) = (Measure(name), Measure(name), Measure(name))
        var sizes = [allocated_octets()]
        let peers = random.peers(count, prefixes: prefixes)
        sizes.append(allocated_octets())
        let clock = ContinuousClock()
        let start = clock.now
        table = try PeerTable(peers)
        let elapsed = clock.now - start
        sizes.append(allocated_octets())
        let encapsulated = Counters(peerCount: count)
        let decapsulated = Counters(peerCount: count)
        let paths = Paths(peerCount: count)
        sizes.append(allocated_octets())
        encapsulated.writer.received(1)
        decapsulated.writer.received(1)
        paths.view.setUnderlayMTU(1500, to: PeerIndex(rawValue: 0))
        let steps = zip(sizes, sizes.dropFirst()).map { $1 - $0 }
        let sum = steps.map(String.init).joined(separator: " + ") + " = \(steps.reduce(0, +))"
        memory = Measure.padded(name) + "\(sum); \((elapsed / .microseconds(1)).rounded()) µs"
        endpoints = random.sequence(LookupMeasure.lookups) { peers[$0.below(count)].endpoint ?? .unspecified }
        anywhere = random.sequence(LookupMeasure.lookups) { $0.address(of: peers[$0.below(count)]) }
        let few = random.sequence(LookupMeasure.destinations) { $0.address(of: peers[$0.below(count)]) }
        repeating = random.sequence(LookupMeasure.lookups) { few[$0.below(few.count)] }
    }

    private mutating func round() {
        let table = table
        byPrefix.lookUp(anywhere) { table.peer(owning: $0) }
        byRepeatedPrefix.lookUp(repeating) { table.peer(owning: $0) }
        byEndpoint.lookUp(endpoints) { table.peer(at: $0) }
    }
}

extension Measure {
    /// Looks up every one of `addresses`, all of which somebody has.
    fileprivate mutating func lookUp(_ addresses: [IPv4Address], _ peer: (IPv4Address) -> PeerIndex?) {
        let before = allocations()
        let clock = ContinuousClock()
        let start = clock.now
        var strangers = 0
        for index in addresses.indices {
            // There are none, so that nothing is added; but the sum has to be waited for.
            strangers &+= Int(peer(addresses[index &+ strangers])?.rawValue ?? .max) >> 31
        }
        add(clock.now - start, allocated: allocations() - before, packets: addresses.count)
        precondition(strangers == 0, "an address that nobody has")
    }
}

/// The same numbers in every run (Steele, Lea, Flood: SplitMix64, 2014).
private struct Random: RandomNumberGenerator {
    private var state: UInt64 = 1994

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    /// Peers with different endpoints, which share different prefixes: half of these crowd in 10.0.0.0/8.
    mutating func peers(_ count: Int, prefixes: Int) -> [Peer] {
        var endpoints: Set<IPv4Address> = []
        while endpoints.count < count {
            let endpoint = IPv4Address(rawValue: UInt32(truncatingIfNeeded: next()))
            if endpoint.isUnicast { endpoints.insert(endpoint) }
        }
        var seen: Set<Prefix> = []
        var allowed = [[Prefix]](repeating: [], count: count)
        while seen.count < prefixes {
            let bits = UInt32(truncatingIfNeeded: next())
            let address = IPv4Address(rawValue: next() % 2 == 0 ? 10 << 24 | bits >> 8 : bits)
            guard let prefix = Prefix(address, length: 24 + below(9)), seen.insert(prefix).inserted else { continue }
            allowed[seen.count % count].append(prefix)
        }
        return zip(endpoints.sorted(), allowed).map { endpoint, allowed in
            Peer(endpoint: endpoint, local: HotPath.ours, allowed: allowed)
        }
    }

    /// An address in one of the peer's prefixes.
    mutating func address(of peer: Peer) -> IPv4Address {
        let prefix = peer.allowed[below(peer.allowed.count)]
        let size = Int(prefix.last.rawValue - prefix.address.rawValue) + 1
        return IPv4Address(rawValue: prefix.address.rawValue + UInt32(below(size)))
    }

    mutating func sequence(_ count: Int, _ make: (inout Random) -> IPv4Address) -> [IPv4Address] {
        var addresses: [IPv4Address] = []
        addresses.reserveCapacity(count)
        while addresses.count < count { addresses.append(make(&self)) }
        return addresses
    }
}
