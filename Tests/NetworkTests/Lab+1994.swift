// SPDX-License-Identifier: Apache-2.0

/// The layout of docs/1994.md, by the same letters.
struct Layout1994 {
    let a: Host
    let router: Host
    let b: Host
    let h: Host
    /// The machines with a tunnel or behind one.
    var hosts: [Host] { [a, router, b, h] }
}

extension Lab {
    /// A network of three, and A behind its router.
    ///
    /// ```
    ///   a  111.112.101.37 ─── .1  router  111.112.100.1 ───┬─── 111.112.100.86  b
    ///                eth0 ═══ west         east ═══════════╪═══ eth0
    ///                                                      └─── 111.112.100.5   h
    /// ```
    func layout1994() throws -> Layout1994 {
        let (a, router, b, h, network) = (added("a"), added("r"), added("b"), added("h"), added("net"))
        let ports = ["port-r", "port-b", "port-h"]
        try build(
            [a, router, b, h, network],
            [
                Cable(a, "eth0", "111.112.101.37/24", router, "west", "111.112.101.1/24"),
                Cable(router, "east", "111.112.100.1/24", network, ports[0], ""),
                Cable(b, "eth0", "111.112.100.86/24", network, ports[1], ""),
                Cable(h, "eth0", "111.112.100.5/24", network, ports[2], ""),
            ],
            [
                (a, "default via 111.112.101.1"), (b, "default via 111.112.100.1"), (h, "default via 111.112.100.1"),
            ])
        try router.forward()
        // A bridge that snoops joins 224.0.0.106, and says so to all.
        let bridge = ["link add lan type bridge mcast_snooping 0", "link set lan addrgenmode none up"]
        let members = ports.map { "link set \($0) master lan" }
        try Lab.command("ip", "-n", network.namespace, "-batch", try batch(bridge + members))
        try eventually("the bridge forwards") {
            let text = try Lab.command("ip", "-n", network.namespace, "-details", "link", "show", "master", "lan")
            return text.split(separator: "state forwarding").count == ports.count + 1
        }
        return Layout1994(a: a, router: router, b: b, h: h)
    }
}
