// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing
import Wire
@testable import iptund

@Suite struct HostChangeTests {
    static let pin = Prefix(host: IPv4Address(192, 0, 2, 1))
    static let router = IPv4Address(10, 0, 0, 1)

    private static func route(
        _ gateway: IPv4Address? = nil, source: IPv4Address? = nil, metric: UInt32 = 0, isOnLink: Bool = false,
        table: UInt32 = Route.mainTable
    ) -> HostChange {
        let route = Route(
            to: pin, gateway: gateway, link: 2, source: source, protocolNumber: 203, metric: metric,
            isOnLink: isOnLink, table: table)
        return .route(route, on: .uplink)
    }

    struct Row: Sendable {
        let change: HostChange
        var before: UInt32?
        let kind: String
        let command: String
        let reverse: String
    }

    static let table = [
        Row(
            change: .noIPv6(on: .tunnel), kind: "ip link", command: "ip link set dev iptun0 addrgenmode none",
            reverse: "ip link delete dev iptun0"),
        Row(
            change: .mtu(1480, on: .tunnel), before: 1500, kind: "ip link",
            command: "ip link set dev iptun0 mtu 1480", reverse: "ip link set dev iptun0 mtu 1500"),
        Row(
            change: .up(.tunnel), kind: "ip link", command: "ip link set dev iptun0 up",
            reverse: "ip link set dev iptun0 down"),
        Row(
            change: route(), kind: "ip route", command: "ip route add 192.0.2.1/32 dev eth0 proto 203",
            reverse: "ip route delete 192.0.2.1/32 dev eth0 proto 203"),
        Row(
            change: route(router), kind: "ip route",
            command: "ip route add 192.0.2.1/32 via 10.0.0.1 dev eth0 proto 203",
            reverse: "ip route delete 192.0.2.1/32 via 10.0.0.1 dev eth0 proto 203"),
        Row(
            change: route(router, source: IPv4Address(10, 0, 0, 7), metric: 9, isOnLink: true, table: 1_994_000),
            kind: "ip route",
            command:
                "ip route add 192.0.2.1/32 via 10.0.0.1 dev eth0 table 1994000 proto 203 metric 9 src 10.0.0.7 onlink",
            reverse:
                "ip route delete 192.0.2.1/32 via 10.0.0.1 dev eth0 table 1994000 proto 203 metric 9 src 10.0.0.7 onlink"
        ),
        Row(
            change: .route(.unreachable(pin, protocolNumber: 203, metric: 9), on: .tunnel), kind: "ip route",
            command: "ip route add unreachable 192.0.2.1/32 proto 203 metric 9",
            reverse: "ip route delete unreachable 192.0.2.1/32 proto 203 metric 9"),
        Row(
            change: .rule(RoutingRule(priority: 5, mark: .standard, table: Route.mainTable, protocolNumber: 203)),
            kind: "ip rule", command: "ip rule add priority 5 fwmark 0x1994/0x3fff lookup main protocol 203",
            reverse: "ip rule delete priority 5 fwmark 0x1994/0x3fff lookup main protocol 203"),
        Row(
            change: .rule(
                RoutingRule(priority: 5, sense: .others, mark: .standard, table: 1_994_000, protocolNumber: 203)),
            kind: "ip rule", command: "ip rule add priority 5 not fwmark 0x1994/0x3fff lookup 1994000 protocol 203",
            reverse: "ip rule delete priority 5 not fwmark 0x1994/0x3fff lookup 1994000 protocol 203"),
        Row(
            change: .rule(
                RoutingRule(priority: 5, ipProtocol: 4, suppressPrefixLength: 0, table: 99, protocolNumber: 203)),
            kind: "ip rule",
            command: "ip rule add priority 5 ipproto 4 lookup 99 suppress_prefixlength 0 protocol 203",
            reverse: "ip rule delete priority 5 ipproto 4 lookup 99 suppress_prefixlength 0 protocol 203"),
        Row(
            change: .proxy(router, on: .lan), kind: "ip neigh",
            command: "ip neigh add proxy 10.0.0.1 dev lan0 protocol 203",
            reverse: "ip neigh delete proxy 10.0.0.1 dev lan0"),
        Row(
            change: .setting(.proxyARP, 1, on: HostChange.Device(index: 3, name: "eth0.7")), before: 0, kind: "sysctl",
            command: "sysctl -w net.ipv4.conf.eth0/7.proxy_arp=1",
            reverse: "sysctl -w net.ipv4.conf.eth0/7.proxy_arp=0"),
        Row(
            change: .noCommonRedirects, before: 1, kind: "sysctl",
            command: "sysctl -w net.ipv4.conf.all.send_redirects=0",
            reverse: "sysctl -w net.ipv4.conf.all.send_redirects=1"),
        Row(
            change: .filter(.sample), kind: "nft",
            command: "nft 'table ip iptund-iptun0 { comment \"kill switch of iptund\"; chain out { type filter hook "
                + "postrouting priority -450; oifname != \"iptun0\" oifname != \"lo\" meta mark & 0x3fff != 0x1994 ip daddr { "
                + "203.0.113.0-203.0.113.255 } counter drop comment \"\(EgressFilter.sample.fingerprint)\"; }; }'",
            reverse: "nft delete table ip iptund-iptun0"),
        Row(
            change: .filter(
                EgressFilter("iptund-a", .ipv6, link: "a", destinations: [AddressRange(1, 2 << 112 | 0xf)])),
            kind: "nft",
            command: "nft 'table ip6 iptund-a { comment \"kill switch of iptund\"; chain out { type filter hook "
                + "postrouting priority -450; oifname != \"a\" oifname != \"lo\" ip6 daddr { "
                + "0:0:0:0:0:0:0:1-2:0:0:0:0:0:0:f } counter drop comment \"2fe1a2b0ca461d\"; }; }'",
            reverse: "nft delete table ip6 iptund-a"),
        Row(
            change: .noIPv6Beyond, kind: "ip route",
            command: "ip -6 route add unreachable default proto 203 metric 1",
            reverse: "ip -6 route delete unreachable default proto 203 metric 1"),
    ]

    @Test(arguments: table) func `a change reads as the command that one could have typed`(row: Row) {
        let step = Step(change: row.change, before: row.before)
        #expect(row.change.command.kind == row.kind)
        #expect(row.change.command.text == row.command)
        #expect(step.reverseCommand.kind == row.kind)
        #expect(step.reverseCommand.text == row.reverse)
    }

    @Test(arguments: ["10.9.0.1/32", "10.9.0.1/24", "10.9.0.1 peer 10.9.0.2/32"])
    func `an address reads as the command that one could have typed`(text: String) throws {
        let change = HostChange.address(inner(text), on: .tunnel)
        #expect(change.command.kind == "ip address")
        #expect(change.command.text == "ip address add \(text) dev iptun0")
        #expect(Step(change: change).reverseCommand.text == "ip address delete \(text) dev iptun0")
    }

    @Test func `of what a host has only one, two changes have the same subject`() {
        #expect(HostChange.mtu(1, on: .tunnel).subject == HostChange.mtu(2, on: .tunnel).subject)
        #expect(HostChange.mtu(1, on: .tunnel).subject != HostChange.mtu(1, on: .uplink).subject)
        let (zero, one) = (
            HostChange.setting(.forwarding, 0, on: .lan), HostChange.setting(.forwarding, 1, on: .lan)
        )
        #expect(zero.subject == one.subject)
        #expect(zero.subject != HostChange.setting(.acceptLocal, 0, on: .lan).subject)
        #expect(Self.route().subject == Self.route(Self.router, source: Self.router).subject)
        #expect(Self.route().subject != Self.route(metric: 1).subject)
        #expect(Self.route().subject != Self.route(table: 99).subject)
        #expect(HostChange.filter(.sample).subject == HostChange.filter(.sample(AddressRange(1, 2))).subject)
        #expect(HostChange.filter(.sample).subject != HostChange.filter(.sample(link: "a")).subject)
        #expect(HostChange.up(.tunnel).subject != HostChange.noIPv6(on: .tunnel).subject)
    }

    @Test func `what is about other devices is shared, and only barriers and filters outlive the daemon`() {
        let barrier = HostChange.route(
            .unreachable(Self.pin, protocolNumber: 203, metric: WantedState.barrierMetric), on: .none)
        // Nothing but the tunnel leads to the peer.
        let none = HostChange.route(.unreachable(Self.pin, protocolNumber: 203), on: .none)
        let pin = HostChange.route(
            Route(to: Self.pin, gateway: Self.router, link: HostChange.Device.lan.index, protocolNumber: 203), on: .lan)
        let shared: [HostChange] = [.setting(.forwarding, 1, on: .lan), .noCommonRedirects, pin, none, .noIPv6Beyond]
        let own: [HostChange] = [
            .setting(.forwarding, 1, on: .tunnel), .mtu(1480, on: .tunnel), .up(.tunnel), barrier,
            .proxy(Self.router, on: .lan), .filter(.sample),
        ]
        #expect(shared.hasOnly { $0.kind.isShared(besides: HostChange.Device.tunnel.index) })
        #expect(own.hasOnly { !$0.kind.isShared(besides: HostChange.Device.tunnel.index) })
        #expect((shared + own).filter(\.isKillSwitch) == [.noIPv6Beyond, barrier, .filter(.sample)])
    }
}
