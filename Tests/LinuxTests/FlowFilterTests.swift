// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing
import Wire

/// Several receivers with the real filter in the real kernel: what one of them does not take must be another's.
@Suite(.needsRoot) struct FlowFilterTests {
    static let here = RawSenderTests.here
    static let there = RawSenderTests.there

    /// Which workers got each of `payloads`, sent as protocol 4 in this order.
    private func takers(of payloads: [[UInt8]], workers count: Int) throws -> [[Int]] {
        try inFreshNetwork {
            try shell("ip address add \(Self.here) dev lo; ip address add \(Self.there) dev lo")
            var device = try TUNDevice(name: "network")
            try shell("ip link set network addrgenmode none up; ip address add 10.0.0.3/24 dev network")
            var receivers: [Box] = []
            for index in 0..<count {
                receivers.append(Box(try RawReceiver(capacity: 8, worker: index, of: count)))
            }
            return try payloads.map { payload in
                let outer = packet(.ipip, from: IPv4Address(10, 0, 0, 9), to: Self.here, payload: payload)
                _ = try device.send([outer])
                return receivers.indices.filter { (try? receivers[$0].take()) == outer }
            }
        }
    }

    /// A receiver in an array.
    private final class Box {
        private var receiver: RawReceiver
        init(_ receiver: consuming RawReceiver) { self.receiver = receiver }

        /// What has arrived. Writing to a TUN device delivers before it returns.
        func take() throws -> [UInt8]? {
            var batch = PacketBatch(capacity: 8)
            try receiver.fill(&batch)
            return batch.isEmpty ? nil : batch[0].octets
        }
    }

    /// An inner packet of a flow: host `host`, port `port`.
    private func inner(_ number: IPProtocol, host: Int = 1, port: Int = 0, fragment: UInt16 = 0) -> [UInt8] {
        let ports = [UInt8(port >> 8), UInt8(port & 0xff), 0, 80] + [UInt8](repeating: 0, count: 16)
        var inner = packet(
            number, from: IPv4Address(10, 1, UInt8(host >> 8), UInt8(host & 0xff)), to: IPv4Address(10, 2, 0, 1),
            payload: ports)
        (inner[6], inner[7]) = (UInt8(fragment >> 8), UInt8(fragment & 0xff))
        return inner
    }

    @Test(arguments: [2, 3, 4, 16]) func `whatever is too short or odd goes to worker 0, and to nobody else`(
        workers: Int
    ) throws {
        let good = inner(.udp)
        var options = good
        options[0] = 0x46
        var otherVersion = good
        otherVersion[0] = 0x65
        // 24 octets hold addresses and ports.
        let odd = (0..<24).flatMap { [[UInt8](repeating: 0x45, count: $0), Array(good.prefix($0))] }
        let takers = try takers(of: odd + [options, otherVersion], workers: workers)
        for (index, workers) in takers.enumerated() { #expect(workers == [0], "packet \(index)") }
    }

    @Test(arguments: [2, 3, 4, 16]) func `a packet of any length goes to one worker`(workers: Int) throws {
        let good = inner(.tcp)
        let takers = try takers(of: (0...good.count).map { Array(good.prefix($0)) }, workers: workers)
        #expect(takers.hasOnly { $0.count == 1 })
    }

    @Test(arguments: [2, 3, 4, 16]) func `every flow goes to one worker, always the same, and all get some`(
        workers: Int
    ) throws {
        let flows =
            (0..<64).map { inner(.tcp, host: $0 % 8, port: 1024 + $0) } + (0..<64).map { inner(.icmp, host: $0) }
        let takers = try takers(of: flows + flows, workers: workers)
        #expect(takers.hasOnly { $0.count == 1 })
        #expect(Array(takers[..<flows.count]) == Array(takers[flows.count...]))
        #expect(Set(takers.joined()).count == workers)
    }

    @Test func `ports tell flows of TCP and UDP apart, and no others`() throws {
        func spread(_ number: IPProtocol) throws -> Int {
            Set(try takers(of: (0..<32).map { inner(number, port: 5_000 + $0) }, workers: 4).joined()).count
        }
        #expect(try spread(.tcp) == 4)
        #expect(try spread(.udp) == 4)
        #expect(try spread(.icmp) == 1)
        #expect(try spread(IPProtocol(rawValue: 132)) == 1)
    }

    @Test func `all fragments of a packet go to one worker, though only the first has ports`() throws {
        // MF and offset 0; MF and an offset; the last, an offset alone. DF alone is no fragment.
        let fragments = (0..<16).flatMap { port in
            [0x2000, 0x2005, 0x0009].map { inner(.udp, port: port, fragment: $0) }
        }
        #expect(Set(try takers(of: fragments, workers: 4).joined()).count == 1)
        let whole = (0..<32).map { inner(.udp, port: $0, fragment: 0x4000) }
        #expect(Set(try takers(of: whole, workers: 4).joined()).count == 4)
    }

    @Test func `hosts that differ in their number only are spread`() throws {
        let takers = try takers(of: (0..<256).map { inner(.icmp, host: $0) }, workers: 4).map { $0[0] }
        for worker in 0..<4 { #expect(takers.filter { $0 == worker }.count > 32) }
    }
}
