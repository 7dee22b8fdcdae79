// SPDX-License-Identifier: Apache-2.0

/// A set-up that works and that people have reported or documented: `iptund doctor` may call nothing in it broken.
struct HealthyLayout: Sendable {
    /// What docs/doctor.md calls it.
    let name: String
    /// The report or the documentation that it is reduced from.
    let source: String
    /// Builds it in a lab.
    let build: @Sendable (Lab) throws -> Ends

    /// The tunnel whose ends are looked at, and an address that answers through it from the host of the first one.
    struct Ends {
        let a: Tunnel
        let b: Tunnel?
        let target: String
        /// The host that asks, where that is not a's own.
        var asking: Host?

        init(_ a: Tunnel, _ b: Tunnel?, _ target: String = "10.9.0.2", from asking: Host? = nil) {
            (self.a, self.b, self.target, self.asking) = (a, b, target, asking)
        }
    }

    init(_ name: String, _ source: String, _ build: @escaping @Sendable (Lab) throws -> Ends) {
        (self.name, self.source, self.build) = (name, source, build)
    }

    static let all = firewalls + routing + tunnels
}

extension HealthyLayout: CustomStringConvertible {
    var description: String { name }
}

extension Lab {
    /// Both ends of a tunnel across a router, with an address each in the other's AllowedIPs; `change` is applied to each
    /// host before.
    func across(
        a optionsOfA: [String] = [], b optionsOfB: [String] = [], _ change: (Host) throws -> Void = { _ in }
    ) throws -> HealthyLayout.Ends {
        let (a, _, b) = try routedPair()
        for host in [a, b] { try change(host) }
        return HealthyLayout.Ends(
            try a.up(
                ["--peer", "198.51.100.2", "--address", "10.9.0.1/32", "--allowed-ips", "10.9.0.2/32"] + optionsOfA),
            try b.up(["--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32"] + optionsOfB))
    }

    /// The same behind the rules of nft that `rules` makes of the peer's address.
    func behind(_ rules: @escaping (String) -> String) throws -> HealthyLayout.Ends {
        try across { host in
            let peer = try host.shell("ip route get 203.0.113.9").contains("192.0.2.1") ? "198.51.100.2" : "192.0.2.1"
            let file = try self.file("\(peer).nft", rules(peer))
            try host.shell("nft -f \(file)")
        }
    }

    /// Two gateways with a LAN each, with a router between them: 10.20.0.5 behind a, 10.30.0.5 behind b.
    func lans() throws -> (a: Host, b: Host, left: Host, right: Host) {
        let (a, _, b) = try routedPair()
        let (left, right) = (added("left"), added("right"))
        try build(
            [left, right],
            [
                Cable(a, "lan", "10.20.0.1/24", left, "eth0", "10.20.0.5/24"),
                Cable(b, "lan", "10.30.0.1/24", right, "eth0", "10.30.0.5/24"),
            ], [(left, "default via 10.20.0.1"), (right, "default via 10.30.0.1")])
        return (a, b, left, right)
    }
}
