// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

/// What root believes of a state that the user of tunnels wrote, who is nobody here.
@Suite(.needsRoot) struct TestimonyTests {
    /// Reads a state of that user's: `nil` when it is refused.
    private func read(_ state: TunnelState) throws -> TunnelState? {
        try withTemporaryDirectory { directory in
            try state.write(to: directory + "/state.json")
            try shell("chown 65534 \(directory)/state.json")
            return try? Testimony.read(directory + "/state.json", writtenBy: .nobody)?.state
        }
    }

    @Test(arguments: [
        Step(change: .setting(.forwarding, 1, on: .lan), before: 0), Step(change: .noCommonRedirects, before: 1),
        Step(change: .setting(.sendRedirects, 0, on: .lan), before: 1),
        Step(change: .proxy(IPv4Address(10, 9, 0, 1), on: .lan)),
        Step(change: .setting(.reversePathFilter, 2, on: .tunnel), before: 0),
    ])
    func `what tunnels change may be taken back`(step: Step) throws {
        #expect(try read(.sample([step])) == .sample([step]))
    }

    @Test(arguments: [
        Step(change: .setting(.reversePathFilter, 1, on: .uplink), before: 0),
        Step(change: .setting(.acceptLocal, 0, on: .uplink), before: 1),
        Step(change: .setting(.forwarding, 0, on: .uplink), before: 1),
        Step(change: .setting(.forwarding, 1, on: .uplink), before: 2), Step(change: .noCommonRedirects, before: 7),
        Step(change: .setting(.proxyARP, 0, on: .uplink), before: 1), Step(change: .up(.uplink)),
    ])
    func `what would weaken the host is refused`(step: Step) throws {
        #expect(try read(.sample([step])) == nil)
    }

    private static func route(
        _ prefix: String, link: Int32, on device: HostChange.Device, table: UInt32 = Route.mainTable
    ) -> Step {
        Step(change: .route(Route(to: block(prefix), link: link, protocolNumber: 203, table: table), on: device))
    }

    private static let barrier = Step(
        change: .route(
            .unreachable(block("10.9.0.0/24"), protocolNumber: 203, metric: WantedState.barrierMetric), on: .none))
    private static let rule = Step(
        change: .rule(RoutingRule(priority: 30_100, table: 1_994_001, protocolNumber: 203)))

    /// What is believed where there is no file of root's, by whether the tunnel's own device is there.
    private func isCredible(_ step: Step, hasDevice: Bool = true, others: Set<HostChange> = []) -> Bool {
        var claim = Testimony.Claim(device: .tunnel)
        (claim.hasDevice, claim.others, claim.routing) = (hasDevice, others, PolicyRouting(place: 1))
        return step.change.kind.isCredible(claim)
    }

    @Test(arguments: [
        Step(change: .up(.tunnel)), Step(change: .mtu(1480, on: .tunnel), before: 1500),
        Step(change: .address(inner("10.9.0.1/32"), on: .tunnel)),
        Step(change: .setting(.reversePathFilter, 2, on: .tunnel), before: 0),
        route("10.9.0.0/24", link: 7, on: .tunnel),
    ])
    func `what is about the tunnel's own device is believed as long as that is there`(step: Step) {
        #expect(isCredible(step))
        #expect(!isCredible(step, hasDevice: false))
    }

    @Test(arguments: [barrier, rule, Step(change: .filter(.sample))])
    func
        `a barrier, the table of its name, and a rule at the tunnel's own place, are believed unless another tunnel has them`(
            step: Step
        )
    {
        #expect(isCredible(step, hasDevice: false))
        #expect(!isCredible(step, others: [step.change]))
    }

    @Test(arguments: [
        // Somebody's routes, settings and entries, whatever protocol number they were given.
        route("10.9.0.0/24", link: 2, on: .uplink), route("10.9.0.0/24", link: 2, on: .tunnel),
        Step(
            change: .route(.unreachable(block("10.9.0.0/24"), protocolNumber: 203, metric: 7), on: .none)),
        Step(change: .filter(.sample(link: "other"))), Step(change: .noIPv6Beyond),
        Step(
            change: .route(
                .unreachable(
                    block("10.9.0.0/24"), protocolNumber: 203, metric: WantedState.barrierMetric, table: 99), on: .none)
        ),
        Step(change: .setting(.forwarding, 1, on: .lan), before: 0), Step(change: .noCommonRedirects, before: 1),
        Step(change: .proxy(IPv4Address(10, 9, 0, 1), on: .lan)),
        Step(change: .rule(RoutingRule(priority: 30_200, table: 1_994_002, protocolNumber: 203))),
    ])
    func `what is about anything else is not believed without a file of root's`(step: Step) {
        #expect(!isCredible(step))
    }

    @Test func `what root's own file says too is believed`() throws {
        let (lan, address) = (HostChange.Device.lan, IPv4Address(10, 9, 0, 2))
        let text = """
            [Interface]
            Address = 10.9.0.1/32
            Forward = yes
            ProxyARP = lan0
            [Peer]
            Endpoint = 192.0.2.1
            AllowedIPs = 10.9.0.2/32
            """
        var claim = Testimony.Claim(device: .tunnel)
        claim.settings = try Interpretation(ConfigurationText.read(Array(text.utf8), file: "x")).checked()
        let steps: [HostChange] = [
            .proxy(address, on: lan), .setting(.forwarding, 1, on: lan), .noCommonRedirects,
        ]
        #expect(steps.hasOnly { $0.kind.isCredible(claim) })
        #expect(!HostChange.proxy(IPv4Address(10, 9, 0, 3), on: lan).kind.isCredible(claim))
        #expect(!HostChange.setting(.forwarding, 1, on: .uplink).kind.isCredible(claim))
    }

    @Test func `a list of somebody else's that is longer than any tunnel's is not read`() throws {
        try withTemporaryDirectory { directory in
            try shell("truncate -s 200M \(directory)/state.json; chown 65534 \(directory)/state.json")
            let complaint = #expect(throws: Complaint.self) {
                _ = try Testimony.read(directory + "/state.json", writtenBy: .nobody)
            }
            #expect(complaint?.description.contains("File too large") == true)
        }
    }

    @Test func `names that would be more than text on a terminal are refused`() throws {
        #expect(try read(.sample(device: HostChange.Device(index: 7, name: "a\u{1b}[2J"))) == nil)
        #expect(try read(.sample(device: HostChange.Device(index: 7, name: "a"))) != nil)
    }

    @Test func `a table that no tunnel has is refused`() throws {
        var state = TunnelState.sample()
        state.routing = PolicyRouting(place: 20)
        #expect(try read(state) == nil)
    }

    @Test func `what root writes beside somebody's state becomes theirs`() throws {
        try withTemporaryDirectory { directory in
            try shell("chown 65534:65534 \(directory)")
            try TunnelState.sample().write(to: directory + "/state.json")
            let status = try Files.status(directory + "/state.json")
            #expect((status.owner, status.group, status.mode) == (65_534, 65_534, 0o640))
        }
    }

    @Test(arguments: ["symlink", "hard link", "pipe"])
    func `whatever lies where root writes, nothing else is changed`(kind: String) throws {
        try withTemporaryDirectory { directory in
            let (theirs, roots) = (directory + "/theirs", directory + "/secret")
            try shell("echo secret > \(roots); chmod 600 \(roots); mkdir \(theirs)")
            let command =
                ["symlink": "ln -s \(roots)", "hard link": "ln \(roots)", "pipe": "mkfifo -m 600"][kind] ?? ""
            for name in ["state.json", "lock", "control.sock"] { try shell("\(command) \(theirs)/\(name)") }
            try shell("chown 65534:65534 \(theirs); chown -h 65534:65534 \(theirs)/*; chown root:root \(roots)")
            try TunnelState.sample().write(to: theirs + "/state.json")
            _ = try? LockFile(theirs + "/lock", timeoutMilliseconds: 0)
            let status = try Files.status(roots)
            #expect((status.owner, status.mode, try Files.read(roots)) == (0, 0o600, "secret\n"))
            #expect(try Files.status(theirs + "/state.json").isRegular)
        }
    }
}
