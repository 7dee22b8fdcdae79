// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire
@testable import iptund

/// Changes of a real host.
extension HostChangeTests {
    /// What `ip` shows of everything that changes may touch.
    private static let everything = """
        ip -o link show dev left | grep -oE 'mtu [0-9]+|[<,]UP[,>]'; ip -o -4 address show; ip -4 route show table all
        ip -6 route show | grep unreachable || true; ip -4 rule show; ip -4 neigh show proxy; nft list ruleset
        cat /proc/sys/net/ipv4/conf/left/forwarding /proc/sys/net/ipv4/conf/all/send_redirects
        """

    enum Sample: String, CaseIterable, Sendable {
        case mtu, address, up, route, pin, unreachable, rule, proxy, setting, redirects, filter, beyond

        /// A value can be set twice, a thing removed only once.
        var isThing: Bool { ![.mtu, .up, .setting, .redirects].contains(self) }

        func step(on device: HostChange.Device) -> Step {
            let (pin, proxied) = (HostChangeTests.pin, IPv4Address(10, 9, 0, 9))
            return switch self {
            case .mtu: Step(change: .mtu(1400, on: device), before: 1500)
            case .address:
                Step(change: .address(inner("10.9.0.9 peer 10.9.0.2"), on: device))
            case .up: Step(change: .up(device))
            case .route:
                Step(
                    change: .route(
                        Route(to: pin, link: device.index, source: IPv4Address(10, 0, 0, 7), protocolNumber: 203),
                        on: device))
            case .pin:
                Step(
                    change: .route(
                        Route(
                            to: pin, gateway: IPv4Address(10, 1, 1, 1), link: device.index, protocolNumber: 203,
                            isOnLink: true), on: device))
            case .unreachable:
                Step(change: .route(.unreachable(pin, protocolNumber: 203, metric: 7, table: 1_994_000), on: device))
            case .rule:
                Step(
                    change: .rule(
                        RoutingRule(
                            priority: 30_000, mark: .standard, suppressPrefixLength: 8, table: 254, protocolNumber: 203)
                    ))
            case .proxy: Step(change: .proxy(proxied, on: device))
            case .setting: Step(change: .setting(.forwarding, 1, on: device), before: 0)
            case .redirects: Step(change: .noCommonRedirects, before: 1)
            case .beyond: Step(change: .noIPv6Beyond)
            case .filter: Step(change: .filter(.sample(AddressRange(0x0a00_0000, 0x0aff_ffff), AddressRange(9, 9))))
            }
        }
    }

    /// What was seen of the host at each stage.
    private struct Sight: Sendable {
        var before = ""
        var mine = ""
        var isTakenBack = false
        var after = ""
        var theirs = ""
        var isTakenBackAgain = false
    }

    /// A device `left` that no packet has passed yet.
    private static let scene = """
        ip link add left address 02:00:00:00:00:01 type veth peer name right; ip link set right up
        ip link set left addrgenmode none; ip address add 10.0.0.7/24 dev left
        echo 0 > /proc/sys/net/ipv4/conf/left/forwarding; echo 1 > /proc/sys/net/ipv4/conf/all/send_redirects
        """

    @Test(.needsRoot, arguments: Sample.allCases)
    func `a change does what its command does, and its reverse takes it back`(sample: Sample) throws {
        let sight = try inFreshNetwork {
            try shell(Self.scene)
            let netlink = try Netlink(hasFilters: true)
            let step = sample.step(on: try .named("left", netlink))
            if [.route, .pin].contains(sample) { try shell("ip link set left up") }
            var sight = Sight()
            sight.before = try shell(Self.everything)
            try step.change.kind.make(netlink)
            sight.mine = try shell(Self.everything)
            sight.isTakenBack = try step.revert(netlink)
            sight.after = try shell(Self.everything)
            try shell(step.change.command.text)
            sight.theirs = try shell(Self.everything)
            try shell(step.reverseCommand.text)
            sight.isTakenBackAgain = try step.revert(netlink)
            return sight
        }
        #expect(sight.mine == sight.theirs)
        #expect(sight.mine != sight.before)
        #expect(sight.after == sight.before)
        #expect(sight.isTakenBack)
        #expect(!sight.isTakenBackAgain)
    }

    @Test(.needsRoot, arguments: [Sample.route, .pin, .unreachable, .rule, .proxy, .filter, .beyond])
    func `what is there already exactly so was left by a tunnel of ours, and is fine`(sample: Sample) throws {
        let (once, twice) = try inFreshNetwork {
            try shell("\(Self.scene); ip link set left up")
            let netlink = try Netlink(hasFilters: true)
            let step = sample.step(on: try .named("left", netlink))
            try step.change.kind.make(netlink)
            let once = try shell(Self.everything)
            try step.change.kind.make(netlink)
            return (once, try shell(Self.everything))
        }
        #expect(once == twice)
    }

    @Test(.needsRoot) func `a pin goes before another route in the same place, or takes it`() throws {
        let (both, routes) = try inFreshNetwork {
            try shell("\(Self.scene); ip link set left up; ip route add 192.0.2.1 via 10.0.0.9 dev left")
            let netlink = try Netlink(hasFilters: true)
            let change = Sample.pin.step(on: try .named("left", netlink)).change
            try change.kind.make(netlink)
            let both = try netlink.routes(to: Self.pin).map(\.gateway)
            try shell("ip route delete 192.0.2.1 via 10.1.1.1 dev left")
            try change.kind.makeInstead(netlink)
            return (both, try netlink.routes(to: Self.pin).map(\.gateway))
        }
        #expect(both == [IPv4Address(10, 1, 1, 1), IPv4Address(10, 0, 0, 9)])
        #expect(routes == [IPv4Address(10, 1, 1, 1)])
    }

    @Test(
        .needsRoot,
        arguments: [
            (.mtu, "ip link set left mtu 1300"), (.up, "ip link set left down"),
            (.setting, "echo 0 > /proc/sys/net/ipv4/conf/left/forwarding"),
            (.redirects, "echo 1 > /proc/sys/net/ipv4/conf/all/send_redirects"),
            (.pin, "ip route replace 192.0.2.1 via 10.0.0.9 dev left"),
            (.address, "ip address delete 10.9.0.9 peer 10.9.0.2 dev left; ip address add 10.9.0.9/24 dev left"),
        ] as [(Sample, String)])
    func `what somebody else changed since is theirs`(sample: Sample, script: String) throws {
        let (before, isTakenBack, after) = try inFreshNetwork {
            try shell(Self.scene)
            if sample == .pin { try shell("ip link set left up") }
            let netlink = try Netlink(hasFilters: true)
            let step = sample.step(on: try .named("left", netlink))
            try step.change.kind.make(netlink)
            try shell(script)
            let before = try shell(Self.everything)
            let isTakenBack = try step.revert(netlink)
            return (before, isTakenBack, try shell(Self.everything))
        }
        #expect(!isTakenBack)
        #expect(after == before)
    }

    @Test(.needsRoot) func `with the device went its changes, and nothing is left to take back`() throws {
        let results = try inFreshNetwork {
            let netlink = try Netlink(hasFilters: true)
            let gone = HostChange.Device(index: 99, name: "gone")
            return try Sample.allCases.filter { $0 != .redirects && $0 != .rule }.map { sample in
                try sample.step(on: gone).revert(netlink)
            } + [Step(change: .noIPv6(on: gone)).revert(netlink)]
        }
        #expect(results == .init(repeating: false, count: Sample.allCases.count - 1))
    }
}
