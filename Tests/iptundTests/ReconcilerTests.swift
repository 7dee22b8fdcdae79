// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite(.needsRoot) struct ReconcilerTests {
    private static let everything = """
        ip -o link show dev iptun0 | grep -oE 'mtu [0-9]+|[<,]UP[,>]'; ip -o -4 address show; ip -4 route show table all
        ip -4 rule show; ip -4 neigh show proxy
        cd /proc/sys/net/ipv4/conf; cat iptun0/rp_filter left/forwarding left/proxy_arp all/send_redirects
        """

    private static let barriers = ["10.7.0.0/16", "10.8.0.0/16"].map { prefix in
        Step(
            change: .route(
                .unreachable(block(prefix), protocolNumber: 203, metric: WantedState.barrierMetric), on: .tunnel))
    }

    /// One change of every kind, in the order in which each can work.
    private static func steps(on device: HostChange.Device, _ left: HostChange.Device) throws -> [Step] {
        func route(_ prefix: String, table: UInt32 = Route.mainTable) -> Step {
            Step(
                change: .route(
                    Route(to: block(prefix), link: device.index, protocolNumber: 203, table: table), on: device))
        }
        let pin = Route(
            to: block("192.0.2.1/32"), gateway: IPv4Address(10, 0, 0, 2), link: left.index, protocolNumber: 203)
        let routing = PolicyRouting(place: 4)
        return [
            Step(change: .route(pin, on: left)), Step(change: .noIPv6(on: device)),
            Step(change: .mtu(1480, on: device), before: 1500),
            Step(change: .address(inner("10.9.0.1/32"), on: device)),
            Step(change: .up(device)),
            barriers[0], route("10.7.0.0/16"), barriers[1], route("10.8.0.0/16"),
            route("0.0.0.0/0", table: routing.table),
        ] + routing.rules(PolicyRouting.Order(lengths: [0])).map { Step(change: .rule($0)) } + [
            Step(change: .proxy(IPv4Address(10, 7, 0, 9), on: left)),
            Step(change: .setting(.reversePathFilter, 2, on: device), before: 1),
            Step(change: .setting(.forwarding, 1, on: left), before: 0),
            Step(change: .setting(.proxyARP, 1, on: left), before: 0), Step(change: .noCommonRedirects, before: 1),
        ]
    }

    fileprivate struct Sight: Sendable {
        var before = ""
        var after = ""
        var commands: [String] = []
        var failures: [String] = []
        var left: [Step] = []
        var commandsOfSecond: [String] = []
        /// What should have been done, backwards.
        var steps: [Step] = []
    }

    /// Makes everything, lets `script` change the host, takes everything back, and once more; `note` may write down
    /// something else than what was done.
    private func restore(
        _ extent: Reconciler.Extent = .everything, after script: String = ":", shared: [HostChange] = [],
        note: @escaping @Sendable (Step) -> Step = { $0 }
    ) throws -> Sight {
        let base = "/tmp/iptund-\(UInt64.random(in: .min ... .max))"
        try Files.makeDirectory(base, mode: 0o755)
        defer { _ = try? shell("rm -r \(base)") }
        return try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 dev left; ip tuntap add iptun0 mode tun")
            try shell(
                "cd /proc/sys/net/ipv4/conf; echo 0 | tee left/forwarding left/proxy_arp; echo 1 > iptun0/rp_filter")
            try shell("echo 1 > /proc/sys/net/ipv4/conf/all/send_redirects")
            let netlink = try Netlink()
            let device = try HostChange.Device.named("iptun0", netlink)
            var sight = Sight(before: try shell(Self.everything))
            sight.steps = try Self.steps(on: device, try .named("left", netlink)).map(note)
            let state = TunnelState.sample(sight.steps, device: device, namespace: try NetworkNamespace.identity())
            for step in state.steps { try step.change.kind.make(netlink) }
            try shell(script)
            let other = sight.steps.filter { shared.contains($0.change.withoutIndex) }
            if !other.isEmpty { _ = try Self.directory("other", below: base, other) }
            let directory = try Self.directory("iptun0", below: base, state.steps, device: device)
            var reconciler = Reconciler(directory, state, isInFile: true)
            let result = reconciler.end(extent, netlink)
            (sight.commands, sight.failures) = (result.commands.map(\.text), result.failures)
            sight.left = try TunnelState.read(directory.state)?.steps ?? []
            sight.after = try shell(Self.everything)
            let second = reconciler.end(extent, netlink)
            (sight.commandsOfSecond, sight.failures) = (second.commands.map(\.text), sight.failures + second.failures)
            return sight
        }
    }

    @Test func `everything is taken back, the last first, and a second time is fine`() throws {
        let sight = try restore()
        #expect(sight.after == sight.before)
        #expect(sight.failures == [])
        #expect(sight.left == [])
        #expect(sight.commandsOfSecond == [])
        // Of the device that is not there when it is made, IPv6 is never switched on again.
        let expected = sight.steps.reversed().filter { $0.change != .noIPv6(on: .tunnel) }.map(\.reverseCommand.text)
        let kinds = { (lines: [String]) in lines.filter { !$0.hasPrefix("ip route") && !$0.contains("link delete") } }
        #expect(kinds(sight.commands) == kinds(Array(expected)))
        #expect(Set(sight.commands) == Set(expected).subtracting(["ip link delete dev iptun0"]))
    }

    @Test func `the kill switch stays when it shall, and nothing else does`() throws {
        let sight = try restore(.allButKillSwitch)
        #expect(sight.left == Self.barriers)
        #expect(sight.failures == [])
        let lines = Set(sight.after.split(separator: "\n")).subtracting(sight.before.split(separator: "\n"))
        #expect(lines.count == 2 && lines.hasOnly { $0.hasPrefix("unreachable ") })
        #expect(sight.commandsOfSecond == [])
    }

    @Test(
        arguments: [
            ("ip link set iptun0 mtu 1300", ["- mtu 1500", "+ mtu 1300"]),
            ("echo 0 > /proc/sys/net/ipv4/conf/iptun0/rp_filter", ["- 1", "+ 0"]),
            ("ip route replace 10.7.0.0/16 via 10.0.0.9 dev left", ["+ 10.7.0.0/16 via 10.0.0.9 dev left "]),
            ("ip route replace 192.0.2.1 via 10.0.0.9 dev left", ["+ 192.0.2.1 via 10.0.0.9 dev left "]),
            // It was 0 before the tunnel made it 1.
            ("echo 0 > /proc/sys/net/ipv4/conf/left/proxy_arp", []),
            ("ip rule add priority 30401 lookup 99", ["+ 30401:\tfrom all lookup 99"]),
        ] as [(String, [String])])
    func `what somebody changed since stays as they left it, and all the rest is as it was`(
        script: String, changes: [String]
    ) throws {
        let sight = try restore(after: script)
        #expect(sight.failures == [])
        #expect(sight.left == [])
        #expect(sight.changes == changes)
    }

    @Test func `what another tunnel still wants stays, and it is not on the list any more`() throws {
        let sight = try restore(shared: [.setting(.forwarding, 1, on: .none), .noCommonRedirects])
        #expect(sight.left == [])
        #expect(sight.after.hasSuffix("1\n1\n0\n0\n"), "\(sight.after.suffix(9))")
        #expect(!sight.commands.contains { $0.contains("forwarding") || $0.contains("all.send_redirects") })
    }

    @Test func `what cannot be taken back is named and stays on the list, and the rest is done`() throws {
        // No TUN device takes packets that long.
        let sight = try restore { step in
            guard case .mtu = step.change else { return step }
            return Step(change: step.change, before: 100_000)
        }
        let failure = "cannot take back 'ip link set dev iptun0 mtu 1480': Invalid argument"
        #expect(sight.failures == [failure, failure], "the first time and the second")
        #expect(sight.left == sight.steps.filter { if case .mtu = $0.change { true } else { false } })
        #expect(sight.changes == ["- mtu 1500", "+ mtu 1480"])
    }
}

extension ReconcilerTests.Sight {
    /// How the host differs afterwards from what it was before, line by line.
    fileprivate var changes: [String] {
        let lines = { (text: String) in text.split(separator: "\n").map(String.init) }
        return lines(after).difference(from: lines(before)).map { change in
            switch change {
            case .remove(_, let line, _): "- \(line)"
            case .insert(_, let line, _): "+ \(line)"
            }
        }
    }
}

extension HostChange {
    /// The same setting, of no device.
    fileprivate var withoutIndex: HostChange {
        if case .setting(let setting, let value, _) = self { return .setting(setting, value, on: .none) }
        return self
    }
}
