// SPDX-License-Identifier: Apache-2.0

/// Two sites whose gateways are the ends of a tunnel, with a host in each.
struct Sites {
    let left: Host
    let right: Host
    let chain: Chain
}

extension Lab {
    /// Two sites, a tunnel between their gateways, and routers under it.
    ///
    /// ```
    ///   left  10.20.1.9 ─── .1  a  10.9.0.1 ···· tunnel ···· 10.9.0.2  b  10.20.2.1 ─── .9  right
    ///               eth0 ═══ lan   ═══ r1 ═══ r2 ═══ r3 ═══            lan ═══ eth0
    /// ```
    func sites(
        a optionsOfA: [String] = [], b optionsOfB: [String] = []
    ) throws -> (Sites, tunnel: (a: Tunnel, b: Tunnel)) {
        let chain = try chain()
        let (left, right) = (added("left"), added("right"))
        try build(
            [left, right],
            [
                Cable(chain.a, "lan", "10.20.1.1/24", left, "eth0", "10.20.1.9/24"),
                Cable(chain.b, "lan", "10.20.2.1/24", right, "eth0", "10.20.2.9/24"),
            ], [(left, "default via 10.20.1.1"), (right, "default via 10.20.2.1")])
        for gateway in [chain.a, chain.b] { try gateway.forward() }
        let a = try chain.a.up(
            ["--peer", "10.1.4.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32,10.20.2.0/24"] + optionsOfA
        )
        let b = try chain.b.up(
            ["--peer", "10.1.1.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32,10.20.1.0/24"] + optionsOfB
        )
        return (Sites(left: left, right: right, chain: chain), (a, b))
    }
}
