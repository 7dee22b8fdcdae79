// SPDX-License-Identifier: Apache-2.0

import Testing

/// One thing that is wrong with a host, and what `iptund doctor` has to name first, and as the only thing that is broken.
struct Fault: Sendable, CustomTestStringConvertible {
    /// What docs/doctor.md calls it.
    let name: String
    /// The id of the check that names it.
    let expected: String
    /// How bad that is: `broken`, or `warning` where it need not lose a packet.
    var verdict = "broken"
    /// Whether what was wrong goes on for a while after it was mended, as conntrack remembers a mapping.
    var lingers = false
    /// What stands before something goes wrong.
    var layout = Ward.Layout.pair
    /// A program that becomes `iptund doctor`, given by its last arguments.
    var wrapper: [String] = []
    /// What `doctor` is asked; by default about the left tunnel.
    var arguments: [String]?
    /// Makes it wrong, and lets traffic flow that suffers from it. Returns when it does.
    let inject: @Sendable (Ward) throws -> Void

    var testDescription: String { name }

    /// All of them.
    static let all: [Fault] = host + traffic + netfilter + probes + outside
}

/// What stands in a lab before something goes wrong: `doctor` looks at the host `a`.
struct Ward {
    let lab: Lab
    let a: Host
    let b: Host
    /// A host on a network of `a`'s, with ``Layout/gateway``.
    var left: Host?
    /// The router between both ends, with ``Layout/routed``.
    var router: Host?
    /// The ends of the tunnel; none with ``Layout/hosts``.
    var tunnel: (a: Tunnel, b: Tunnel)?

    enum Layout: String, Sendable, CaseIterable {
        /// Two hosts, see ``Lab/pair()``, and no tunnel.
        case hosts
        /// The same with a bare tunnel: 10.9.0.1 at a, 10.9.0.2 at b.
        case pair
        /// The same with AllowedIPs for the two addresses.
        case allowed
        /// See ``Lab/gateway()``: a forwards for `left`, and answers it in place of 10.20.1.100, which is b.
        case gateway
        /// See ``Lab/routedPair()``, with a bare tunnel.
        case routed
        /// The same with all of a's traffic in the tunnel.
        case full
    }

    /// Sets it up in a lab.
    init(_ layout: Layout, in lab: Lab) throws {
        self.lab = lab
        if layout == .gateway {
            let gateway = try lab.gateway()
            (a, b, left) = (gateway.a, gateway.b, gateway.left)
        } else if layout == .routed || layout == .full {
            let hosts = try lab.routedPair()
            (a, b, router) = (hosts.a, hosts.b, hosts.router)
        } else {
            (a, b) = try lab.pair()
        }
        switch layout {
        case .hosts: break
        case .pair: tunnel = (try lab.upA(a), try lab.upB(b))
        case .routed:
            tunnel = (
                try a.up("--peer", "198.51.100.2", "--address", "10.9.0.1 peer 10.9.0.2"),
                try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2 peer 10.9.0.1")
            )
        case .full:
            tunnel = (
                try a.up("--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0"),
                try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            )
        case .allowed:
            tunnel = (
                try a.up("--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32"),
                try b.up("--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32")
            )
        case .gateway:
            tunnel = (
                try a.up(
                    "--peer", "192.0.2.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32,10.20.1.100/32",
                    "--proxy-arp", "lan", "--forward"),
                try b.up(
                    "--peer", "192.0.2.1", "--address", "10.9.0.2/32,10.20.1.100/32", "--allowed-ips",
                    "10.9.0.1/32,10.20.1.0/24")
            )
        }
    }

    /// Echo requests, five a second, until the lab is closed.
    func keepPinging(_ address: String, from host: Host, _ options: String...) throws {
        _ = try host.start(["ping", "-n", "-i", "0.2"] + options + [address])
    }

    /// Traffic that has nothing to do with what goes wrong, inside and outside of the tunnel.
    func keepTalking() throws {
        try keepPinging(router == nil ? "192.0.2.2" : "198.51.100.2", from: a)
        guard tunnel != nil else { return }
        try keepPinging("10.9.0.2", from: a)
        if let left { try keepPinging("10.20.1.100", from: left) }
    }

    /// Waits until a tunnel, by default the left one, has dropped packets for this reason.
    func waitForDrops(_ reason: String, at other: Tunnel? = nil) throws {
        guard let end = other ?? tunnel?.a else { return }
        try eventually("\(reason) is counted") {
            let report = try end.report()
            let drops =
                [report.decapsulate.drops, report.encapsulate.drops]
                + report.peers.flatMap { [$0.received.drops, $0.sent.drops] }
            return drops.contains { $0[reason] != nil }
        }
    }
}
