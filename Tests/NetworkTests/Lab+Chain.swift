// SPDX-License-Identifier: Apache-2.0

/// A longer way: three routers between the two ends of a tunnel.
struct Chain {
    let a: Host
    let r1: Host
    let r2: Host
    let r3: Host
    let b: Host
}

extension Lab {
    /// Two hosts with three routers between them, which say all that they have to say by ICMP.
    ///
    /// ```
    ///   a  10.1.1.1 ─── .2  r1  10.1.2.1 ─── .2  r2  10.1.3.1 ─── .2  r3  10.1.4.1 ─── .2  b
    ///           eth0 ═══ west  east ═════ west  east ═════ west  east ═════ eth0
    /// ```
    func chain() throws -> Chain {
        let hosts = ["a", "r1", "r2", "r3", "b"].map(added)
        let cables = zip(hosts, hosts.dropFirst()).enumerated().map { index, pair in
            Cable(
                pair.0, index == 0 ? "eth0" : "east", "10.1.\(index + 1).1/24",
                pair.1, index == 3 ? "eth0" : "west", "10.1.\(index + 1).2/24")
        }
        var routes = [(host: hosts[0], route: "default via 10.1.1.2"), (host: hosts[4], route: "default via 10.1.4.1")]
        // Subnets 1 to 4: two of them are the router's own.
        for subnet in 1...3 {
            routes += (1..<subnet).map { (hosts[subnet], "10.1.\($0).0/24 via 10.1.\(subnet).1") }
            routes += (subnet + 2..<5).map { (hosts[subnet], "10.1.\($0).0/24 via 10.1.\(subnet + 1).2") }
        }
        try build(hosts, cables, routes)
        for router in hosts[1...3] { try router.forward() }
        return Chain(a: hosts[0], r1: hosts[1], r2: hosts[2], r3: hosts[3], b: hosts[4])
    }
}

extension Host {
    /// Makes it a router, whose ICMP errors are as many as there is reason for.
    func forward() throws {
        try setSysctl("ip_forward", 1)
        try setSysctl("icmp_ratelimit", 0)
    }
}

extension Chain {
    /// The tunnel from end to end: 10.9.0.1 at a, 10.9.0.2 at b.
    ///
    /// ```
    ///   10.9.0.1  iptun0 ······························································ iptun0  10.9.0.2
    ///                    a  10.1.1.1 ─── r1 ─── r2 ─── r3 ─── 10.1.4.2  b
    /// ```
    func tunnel(_ options: String...) throws -> (a: Tunnel, b: Tunnel) {
        (
            try a.up(["--peer", "10.1.4.2", "--address", "10.9.0.1 peer 10.9.0.2"] + options),
            try b.up(["--peer", "10.1.1.1", "--address", "10.9.0.2 peer 10.9.0.1"] + options)
        )
    }

    /// The link between r2 and r3 takes `octets` from now on.
    func narrow(to octets: Int) throws {
        try r2.shell("ip link set east mtu \(octets)")
        try r3.shell("ip link set west mtu \(octets)")
    }

    /// Lets both ends learn what the way takes: each sends what may not be cut, and is told. Only the tunnels remember it.
    func learn(_ tunnel: (a: Tunnel, b: Tunnel), expecting octets: Int) throws {
        for (end, other) in [(tunnel.a, "10.9.0.2"), (tunnel.b, "10.9.0.1")] {
            _ = try end.host.ping(other, count: 1, "-M", "do", "-s", "1452", "-W", "0.5")
            try eventually("\(end.host.namespace) knows the path MTU") {
                try end.report().peers.first?.path_mtu == octets
            }
            try end.host.shell("ip route flush cache")
        }
    }
}
