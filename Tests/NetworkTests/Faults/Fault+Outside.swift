// SPDX-License-Identifier: Apache-2.0

import Testing

/// Faults that people reported of tunnels, and that doctor once did not see, or blamed on something else.
extension Fault {
    static let outside: [Fault] = [
        // It keeps a route into the tunnel that covers the peer from making a loop.
        Fault(
            name: "the route that pins the peer is gone", expected: "changes.missing", verdict: "warning",
            layout: .routed
        ) {
            try $0.a.shell("ip route delete 198.51.100.2 proto 203")
        },
        Fault(name: "the route of AllowedIPs is gone", expected: "changes.missing", layout: .allowed) {
            try $0.a.shell("ip route delete 10.9.0.2")
        },
        Fault(name: "the address of the device is gone", expected: "changes.missing") {
            try $0.a.shell("ip address flush dev iptun0")
        },
        Fault(name: "the device is switched off", expected: "device.down", layout: .allowed) {
            try $0.a.shell("ip link set iptun0 down")
        },
        Fault(name: "the rules of a full tunnel are gone", expected: "rules.missing", layout: .full) {
            try $0.a.shell(
                "ip rule | awk '/proto 203/ { print $1 }' | tr -d : | while read p; do ip rule del pref $p; done")
        },
        Fault(name: "the nftables table of a kill switch is gone", expected: "killswitch.layers", layout: .hosts) {
            ward in
            try ward.upWithKillSwitch()
            ward.lab.stopKeepers()
            try ward.a.shell("nft flush ruleset")
        },
        Fault(name: "the unreachable route of a kill switch is gone", expected: "killswitch.layers", layout: .hosts) {
            ward in
            try ward.upWithKillSwitch()
            ward.lab.stopKeepers()
            try ward.a.shell("ip route delete unreachable 10.30.0.0/16")
        },
        Fault(
            name: "a kill switch without nftables", expected: "killswitch.layers", verdict: "warning", layout: .hosts
        ) {
            try $0.upWithKillSwitch(through: Without.nftables)
        },
        Fault(
            name: "the kill switch of a tunnel stands that is stopped", expected: "killswitch.stands",
            verdict: "warning", layout: .hosts, arguments: []
        ) {
            try $0.upWithKillSwitch().end()
        },
        Fault(
            name: "DHCP has made a route that leads past a kill switch", expected: "killswitch.past",
            verdict: "warning", layout: .hosts
        ) {
            try $0.a.shell("ip route add 10.30.7.0/24 via 192.0.2.2 proto dhcp")
            try $0.upWithKillSwitch()
        },
        Fault(name: "the peer sends to another address of this host", expected: "peer.address", layout: .hosts) {
            ward in
            try ward.a.shell("ip address add 192.0.2.77/24 dev eth0")
            _ = try ward.b.up(
                "--peer", "192.0.2.77", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            _ = try ward.a.up(
                "--peer", "192.0.2.2", "--device", "t", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32")
            try ward.keepPinging("10.9.0.1", from: ward.b)
        },
        Fault(
            name: "a router rejects protocol 4 as if the host were unreachable", expected: "peer.filtered",
            layout: .routed
        ) {
            try $0.router?.tellEverything()
            try $0.router?.obstruct("forward", "ip protocol 4 reject with icmp type host-unreachable")
        },
        Fault(name: "a router rejects protocol 4 as if nothing took it", expected: "peer.filtered", layout: .routed) {
            try $0.router?.tellEverything()
            try $0.router?.obstruct("forward", "ip protocol 4 reject with icmp type prot-unreachable")
        },
        Fault(name: "the next hop does not answer ARP", expected: "peer.unreachable", layout: .routed) {
            try $0.router?.shell("ip address flush dev eth0")
            try $0.a.shell("ip neigh flush dev eth0")
        },
        Fault(
            name: "the peer answers beside the tunnel", expected: "peer.beside", verdict: "warning", layout: .allowed
        ) {
            try $0.b.shell("ip route flush dev iptun0; ip route add 10.9.0.1 via 192.0.2.1")
            for host in [$0.a, $0.b] {
                try host.shell("for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done")
            }
        },
        Fault(name: "an IPsec policy blocks what is behind the peer", expected: "ipsec.policy", layout: .allowed) {
            try $0.a.shell("ip xfrm policy add src 0.0.0.0/0 dst 10.9.0.2/32 dir out action block")
        },
        Fault(name: "a rule drops what has the mark of outer packets", expected: "netfilter.output") {
            try $0.a.obstruct("output", "meta mark 0x1994 drop")
        },
        Fault(name: "a rule drops what comes out of the tunnel", expected: "netfilter.input") {
            try $0.a.obstruct("input", "iifname iptun0 drop")
        },
        Fault(name: "a rule for part of our mark leads outer packets astray", expected: "mark.foreign", layout: .routed)
        {
            // As policy routing by bits of a mark does: 0x1994 has the bit 0x10.
            try $0.a.shell(
                "ip route add default via 192.0.2.99 table 77; ip rule add priority 99 fwmark 0x10/0x10 lookup 77")
        },
        Fault(name: "a rule of policy routing prohibits protocol 4", expected: "peer.inner", layout: .routed) {
            try $0.a.shell("ip rule add priority 9 ipproto 4 prohibit")
        },
    ]
}

extension Ward {
    /// A tunnel for 10.30.0.0/16 with a kill switch, and its other end.
    @discardableResult
    func upWithKillSwitch(through wrapper: [String] = []) throws -> Tunnel {
        _ = try b.up(
            "--peer", "192.0.2.1", "--address", "10.9.0.2/32,10.30.0.1/32", "--allowed-ips", "10.9.0.1/32", "--device",
            "far")
        let tunnel = try a.up(
            [
                "--peer", "192.0.2.2", "--device", "t", "--address", "10.9.0.1/32", "--allowed-ips",
                "10.9.0.2/32,10.30.0.0/16", "--kill-switch",
            ], through: wrapper)
        #expect(try a.ping("10.30.0.1") == 3)
        return tunnel
    }
}
