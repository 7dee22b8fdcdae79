// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

/// On a real host.
extension TransitionTests {
    private static let everything = """
        ip -o link show dev left | grep -oE 'mtu [0-9]+'; ip -o -4 address show; ip -4 route show table all
        ip -4 rule show; ip -4 neigh show proxy
        """

    private static func route(
        _ prefix: String, on device: HostChange.Device, gateway: String? = nil, source: String? = nil
    ) -> Step {
        Step(
            change: .route(
                Route(
                    to: block(prefix), gateway: gateway.flatMap { IPv4Address($0) }, link: device.index,
                    source: source.flatMap { IPv4Address($0) }, protocolNumber: 203), on: device))
    }

    /// Runs `body` where `left` has 10.0.0.1/24 and the steps that `body` is given first are made.
    private func onHost<Value: Sendable>(
        _ body: @escaping @Sendable (HostChange.Device, borrowing Netlink) throws -> Value
    ) throws -> Value {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 dev left")
            let netlink = try Netlink()
            return try body(try .named("left", netlink), netlink)
        }
    }

    @Test(.needsRoot) func `additions are made, one in place of another, and printed`() throws {
        let lines = Lines()
        let (routes, mtu, after, before) = try onHost { left, netlink in
            let before = try shell(Self.everything)
            let old = [Step(change: .mtu(1400, on: left), before: 1500), Self.route("10.7.0.0/16", on: left)]
            for step in old { try step.change.make(netlink) }
            let new = [
                Step(change: .mtu(1300, on: left), before: 1400),
                Self.route("10.7.0.0/16", on: left, gateway: "10.0.0.2"), Self.route("10.8.0.0/16", on: left),
            ]
            let transition = Transition(from: old, to: new)
            try transition.make(lines.echo(), netlink)
            let routes = try netlink.routes(in: Route.mainTable, madeBy: 203)
            let mtu = try netlink.link(index: left.index)?.mtu
            for step in transition.result.reversed() { _ = try step.revert(netlink) }
            return (routes, mtu, try shell(Self.everything), before)
        }
        #expect(Set(routes.map(\.destination)) == [block("10.7.0.0/16"), block("10.8.0.0/16")])
        #expect(routes.compactMap(\.gateway) == [IPv4Address(10, 0, 0, 2)])
        #expect(mtu == 1300)
        #expect(lines.all.count == 3)
        #expect(after == before)
    }

    @Test(.needsRoot) func `when one fails those before it are taken back, and what they replaced is there again`()
        throws
    {
        let (before, after, complaint) = try onHost { left, netlink -> (String, String, Complaint?) in
            let old = [Step(change: .mtu(1400, on: left), before: 1500), Self.route("10.7.0.0/16", on: left)]
            for step in old { try step.change.make(netlink) }
            let before = try shell(Self.everything)
            let new = [
                Step(change: .mtu(1300, on: left), before: 1400),
                Self.route("10.7.0.0/16", on: left, gateway: "10.0.0.2"),
                Step(change: .proxy(IPv4Address(10, 7, 0, 9), on: left)),
                // No network of the link has this gateway.
                Self.route("10.8.0.0/16", on: left, gateway: "172.16.0.1"), Self.route("10.9.0.0/16", on: left),
            ]
            do throws(Complaint) {
                try Transition(from: old, to: new).make(.silent, netlink)
                return (before, "", nil)
            } catch {
                return (before, try shell(Self.everything), error)
            }
        }
        #expect(complaint?.what == "cannot 'ip route add 10.8.0.0/16 via 172.16.0.1 dev left proto 203'")
        #expect(complaint?.whatNow == "everything is as it was")
        #expect(after == before)
    }

    @Test(.needsRoot) func `all of it can be taken back as long as nothing was removed`() throws {
        let (before, after) = try onHost { left, netlink in
            let old = [Step(change: .mtu(1400, on: left), before: 1500)]
            for step in old { try step.change.make(netlink) }
            let before = try shell(Self.everything)
            let transition = Transition(
                from: old, to: [Step(change: .mtu(1300, on: left), before: 1400), Self.route("10.8.0.0/16", on: left)])
            try transition.make(.silent, netlink)
            transition.unmake(netlink)
            return (before, try shell(Self.everything))
        }
        #expect(after == before)
    }

    @Test(.needsRoot) func `routes that go with an address are made again`() throws {
        let (gone, back) = try onHost { left, netlink in
            let address = Step(change: .address(inner("10.9.0.1/32"), on: left))
            let route = Self.route("10.8.0.0/16", on: left, source: "10.9.0.1")
            let other = Self.route("10.8.0.0/16", on: left, source: "10.0.0.1")
            let kept = Self.route("10.7.0.0/16", on: left, source: "10.9.0.1")
            for step in [address, route, kept] { try step.change.make(netlink) }
            let transition = Transition(from: [address, route, kept], to: [other, kept])
            try transition.make(.silent, netlink)
            for step in transition.removals.reversed() { _ = try step.revert(netlink) }
            let gone = try netlink.routes(in: Route.mainTable, madeBy: 203)
            // The address that the last route names is gone for good, so it can only stay without.
            try shell("ip address add 10.9.0.1/24 dev lo")
            try transition.repair(netlink)
            return (gone, try netlink.routes(in: Route.mainTable, madeBy: 203))
        }
        #expect(gone.map(\.destination) == [block("10.8.0.0/16")])
        #expect(Set(back.map(\.destination)) == [block("10.7.0.0/16"), block("10.8.0.0/16")])
    }
}
