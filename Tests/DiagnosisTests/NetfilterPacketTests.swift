// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

private typealias Truth = Netfilter.Truth

@Suite struct NetfilterPacketTests {
    private let table = Netfilter.Table(.inet, "filter")
    private let packet = Netfilter.Packet(
        from: .of("192.0.2.2"), to: .of("192.0.2.1"), protocolNumber: 4, inputDevice: "eth0", state: .new)

    @Test(
        arguments: [
            (.protocolNumber, .numbers(4...4), .yes), (.protocolNumber, .numbers(94...94), .no),
            (.version, .numbers(4...4), .yes), (.version, .numbers(6...6), .no),
            (.source, .numbers(0xc000_0200...0xc000_02ff), .yes), (.source, .numbers(0...0xc000_0201), .no),
            (.destination, .numbers(0xc000_0201...0xc000_0201), .yes), (.source, .unknown("?"), .maybe),
            (.inputDevice, .device("eth0"), .yes), (.inputDevice, .device("eth*"), .yes),
            (.inputDevice, .device("eth1"), .no), (.inputDevice, .device("eth"), .no),
            (.inputDevice, .device("*"), .yes),
            // A packet that leaves by nothing has a device without a name there.
            (.outputDevice, .device("eth0"), .no), (.outputDevice, .device("*"), .yes),
            (.connectionState, .state(.new), .yes), (.connectionState, .state(.established), .no),
            (.mark, .numbers(1...1), .maybe), (.mark, .anything, .yes), (.other("ip ttl"), .numbers(1...1), .maybe),
        ] as [(Netfilter.Field, Netfilter.Value, Netfilter.Truth)])
    func `each field is compared with what it holds`(
        field: Netfilter.Field, value: Netfilter.Value, expected: Netfilter.Truth
    ) {
        let isOne = Netfilter.Match([field], .isOneOf, .elements([.init([value])]))
        let isNone = Netfilter.Match([field], .isNoneOf, .elements([.init([value])]))
        #expect(packet.satisfies(isOne, in: table) == expected)
        let opposite: Netfilter.Truth = expected == .maybe ? .maybe : expected == .yes ? .no : .yes
        #expect(packet.satisfies(isNone, in: table) == opposite)
    }

    @Test func `of several packets at once, a part is a maybe`() {
        let many = Netfilter.Packet(from: .of("10.0.0.0/8"))
        for (block, expected) in [("10.0.0.0/7", Truth.yes), ("10.1.0.0/16", .maybe), ("11.0.0.0/8", .no)] {
            let prefix = Prefix.of(block)
            let value = Netfilter.Value.numbers(prefix.address.rawValue...prefix.last.rawValue)
            #expect(many.satisfies(.init([.source], .elements([.init([value])])), in: table) == expected, "\(block)")
        }
    }

    @Test func `what is open is a maybe`() {
        let open = Netfilter.Packet()
        for field in [Netfilter.Field.protocolNumber, .mark] {
            #expect(open.satisfies(.init([field], .elements([.init([.numbers(4...4)])])), in: table) == .maybe)
        }
        let states = Netfilter.Match([.connectionState], .elements([.init([.state(.new)])]))
        #expect(open.satisfies(states, in: table) == .maybe)
    }

    @Test func `a set is one of its elements, a concatenation all of its parts`() {
        var table = table
        table.sets["pairs"] = [
            .init([.numbers(1...1), .numbers(4...4)]), .init([.numbers(0xc000_0202...0xc000_0202), .numbers(4...4)]),
        ]
        table.sets["wrong"] = [.init([.numbers(0xc000_0202...0xc000_0202), .numbers(94...94)])]
        table.sets["empty"] = []
        for (name, expected) in [("pairs", Truth.yes), ("wrong", .no), ("empty", .no), ("absent", .maybe)] {
            let match = Netfilter.Match([.source, .protocolNumber], .set(name))
            #expect(packet.satisfies(match, in: table) == expected, "\(name)")
        }
        #expect(packet.satisfies(.init([.source], .set("pairs")), in: table) == .maybe)
    }
}
