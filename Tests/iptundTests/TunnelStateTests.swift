// SPDX-License-Identifier: Apache-2.0

import Configuration
import Glibc
import Linux
import Testing
import Wire
@testable import iptund

@Suite struct TunnelStateTests {
    /// One change of every case, with something in every field.
    private static let changes: [HostChange] = [
        .noIPv6(on: .tunnel), .mtu(1480, on: .tunnel), .address(inner("10.9.0.1/24"), on: .tunnel),
        .address(inner("10.9.0.1 peer 10.9.0.2/32"), on: .tunnel), .up(.tunnel),
        .route(
            Route(
                to: block("192.0.2.0/24"), gateway: IPv4Address(10, 0, 0, 1), link: 2, source: IPv4Address(10, 0, 0, 7),
                protocolNumber: 203, metric: 9, isOnLink: true, table: 4_294_967_295), on: .uplink),
        .route(.unreachable(.all, protocolNumber: 203, metric: WantedState.barrierMetric), on: .tunnel),
        .rule(RoutingRule(priority: 30_000, mark: .standard, table: 254, protocolNumber: 203)),
        .rule(
            RoutingRule(
                priority: 31_999, sense: .others, ipProtocol: 4, suppressPrefixLength: 0, table: 1_994_000,
                protocolNumber: 203)),
        .proxy(IPv4Address(10, 9, 0, 1), on: .lan), .setting(.proxyARP, 1, on: .lan), .noCommonRedirects,
    ]

    private static var full: TunnelState {
        var state = TunnelState.sample(
            changes.map { Step(change: $0) } + [Step(change: .setting(.forwarding, 1, on: .lan), before: 0)])
        state.namespaceName = "inner"
        state.routing = PolicyRouting(place: 19)
        state.file = "/etc/iptund/b.conf"
        state.configuration = "[Interface]\nMTU = 1480\n"
        return state
    }

    @Test func `what was written reads back the same, whatever was changed`() throws {
        try withTemporaryDirectory { directory in
            for state in [Self.full, .sample()] {
                try state.write(to: directory + "/state.json")
                #expect(try TunnelState.read(directory + "/state.json") == state)
            }
            #expect(try Files.entries(directory) == ["state.json"])
        }
    }

    @Test func `only its owner may write it, and only its group read it too`() throws {
        try withTemporaryDirectory { directory in
            try Self.full.write(to: directory + "/state.json")
            let status = try Files.status(directory + "/state.json")
            #expect((status.mode, status.owner) == (0o640, geteuid()))
        }
    }

    @Test func `where there is none there is nothing`() throws {
        let state = try withTemporaryDirectory { directory in try TunnelState.read(directory + "/state.json") }
        #expect(state == nil)
    }

    @Test(arguments: ["", "{}", "[]", "\u{0}", "{\"schema\":1}", "half"])
    func `what is no state is complained about, with what to do by hand`(text: String) throws {
        try withTemporaryDirectory { directory in
            try Files.write(Array(text.utf8), to: directory + "/state.json")
            let error = #expect(throws: Complaint.self) { try TunnelState.read(directory + "/state.json") }
            #expect(error?.why == "it is no state of this version")
            #expect(error?.whatNow.contains("ip rule") == true)
        }
    }

    @Test(arguments: [0, 2]) func `a state of another version is not understood`(schema: Int) throws {
        try withTemporaryDirectory { directory in
            var state = Self.full
            state.schema = schema
            try state.write(to: directory + "/state.json")
            #expect(throws: Complaint.self) { try TunnelState.read(directory + "/state.json") }
        }
    }

    static let strange: [HostChange] = [
        .up(.lan), .mtu(9000, on: .lan), .address(inner("10.9.0.1/24"), on: .lan), .noIPv6(on: .lan),
        .route(Route(to: block("10.0.0.0/8"), link: 7, protocolNumber: 4), on: .tunnel),
        .rule(RoutingRule(priority: 30_000, table: 254, protocolNumber: 3)),
        .rule(RoutingRule(priority: 28_999, table: 254, protocolNumber: 203)),
        .rule(RoutingRule(priority: 32_000, table: 254, protocolNumber: 203)),
    ]

    @Test(arguments: strange)
    func `what no tunnel makes is not taken back either, whoever wrote it down`(change: HostChange) throws {
        try withTemporaryDirectory { directory in
            try TunnelState.sample([Step(change: change)]).write(to: directory + "/state.json")
            #expect(throws: Complaint.self) { try TunnelState.read(directory + "/state.json") }
        }
    }

    @Test(.needsRoot, arguments: ["chown 65534", "chmod g+w", "chmod o+w"])
    func `a list that somebody else could have written is not trusted`(command: String) throws {
        try withTemporaryDirectory { directory in
            try Self.full.write(to: directory + "/state.json")
            try shell("\(command) \(directory)/state.json")
            let error = #expect(throws: Complaint.self) { try TunnelState.read(directory + "/state.json") }
            #expect(error?.what == "cannot trust \(directory)/state.json")
        }
    }

    @Test func `a symbolic link is not followed to be read, and replaced to be written`() throws {
        try withTemporaryDirectory { directory in
            try Self.full.write(to: directory + "/other")
            #expect(unsafe symlink(directory + "/other", directory + "/state.json") == 0)
            #expect(throws: Complaint.self) { try TunnelState.read(directory + "/state.json") }
            try TunnelState.sample().write(to: directory + "/state.json")
            #expect(try TunnelState.read(directory + "/other") == Self.full)
            #expect(try TunnelState.read(directory + "/state.json") == .sample())
        }
    }

    @Test func `a directory that is gone is complained about`() {
        let error = #expect(throws: Complaint.self) { try Self.full.write(to: "/absent/state.json") }
        #expect(error?.what == "cannot write /absent/state.json")
    }

    @Test func `the mark of this boot is what the kernel says, without the end of its line`() throws {
        #expect(try Files.read("/proc/sys/kernel/random/boot_id") == TunnelState.currentBoot + "\n")
    }
}
