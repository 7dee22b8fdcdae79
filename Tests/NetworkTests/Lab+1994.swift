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
        let (a, router, b, h) = (try host("a"), try host("r"), try host("b"), try host("h"))
        try connect(a, "eth0", "111.112.101.37/24", router, "west", "111.112.101.1/24")
        let network = try host("net")
        try network.shell("ip link add lan type bridge; ip link set lan addrgenmode none up")
        try plug(router, "east", "111.112.100.1/24", into: network)
        try plug(b, "eth0", "111.112.100.86/24", into: network)
        try plug(h, "eth0", "111.112.100.5/24", into: network)
        try router.forward()
        try a.shell("ip route add default via 111.112.101.1")
        for host in [b, h] { try host.shell("ip route add default via 111.112.100.1") }
        return Layout1994(a: a, router: router, b: b, h: h)
    }

    /// Connects a host with the bridge `lan` of `network`.
    private func plug(_ host: Host, _ device: String, _ address: String, into network: Host) throws {
        let port = "port-\(device)-\(host.namespace.suffix(1))"
        try Lab.command(
            "ip", "link", "add", device, "netns", host.namespace, "type", "veth", "peer", "name", port, "netns",
            network.namespace)
        try network.shell("ip link set \(port) master lan addrgenmode none up")
        try host.shell("ip link set \(device) addrgenmode none up; ip address add \(address) dev \(device)")
        try eventually("\(port) forwards") {
            try network.shell("cat /sys/class/net/\(port)/brport/state") == "3\n"
        }
        try eventually("\(device) is up") { try host.shell("cat /sys/class/net/\(device)/operstate") == "up\n" }
    }
}
