// SPDX-License-Identifier: Apache-2.0

import Testing

/// A TUN device that somebody made beforehand is used, and given back as it was.
///
/// ```
///    10.9.0.1  mine ···················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct PersistentDeviceTests {
    @Test(arguments: [
        "",
        "ip link set mine up",
        "ip link set mine mtu 1300",
        "ip link set mine mtu 1300 up; ip address add 10.9.0.1 peer 10.9.0.2 dev mine; ip address add 10.7.0.1/24 dev mine",
        "ip link set mine addrgenmode none mtu 1480 up",
    ])
    func `it works, and is as it was afterwards`(preparation: String) throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            _ = try lab.upB(b)
            try a.shell("ip tuntap add mode tun name mine; \(preparation)")
            let before = try Facts(a)
            let tunnel = try a.up("--peer", "192.0.2.2", "--address", "10.9.0.1 peer 10.9.0.2", "--device", "mine")
            #expect(!tunnel.echoes.contains { $0.contains("tuntap") })
            #expect(try tunnel.report().mtu == 1480)
            #expect(try a.ping("10.9.0.2") == 3)
            #expect(try tunnel.end() == 0)
            let after = try Facts(a)
            #expect(after.mtu == before.mtu)
            #expect(after.isUp == before.isUp)
            #expect(after.addresses == before.addresses)
            #expect(after.routes == before.routes)
            #expect(after.runtimeDirectories.isEmpty)
        }
    }

    @Test func `it can be used again and again`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            _ = try lab.upB(b)
            try a.shell("ip tuntap add mode tun name mine")
            for _ in 1...3 {
                let tunnel = try a.up("--peer", "192.0.2.2", "--address", "10.9.0.1 peer 10.9.0.2", "--device", "mine")
                #expect(try a.ping("10.9.0.2") == 3)
                #expect(try tunnel.end() == 0)
            }
        }
    }

    @Test func `how it makes IPv6 addresses is up to whoever made it`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip tuntap add mode tun name mine; ip link set mine addrgenmode none")
            #expect(try a.up("--peer", "192.0.2.2", "--device", "mine").end() == 0)
            #expect(try Facts(a).addressGeneration == "none")
            try a.shell("ip link set mine addrgenmode eui64")
            #expect(try a.up("--peer", "192.0.2.2", "--device", "mine").end() == 0)
            #expect(try Facts(a).addressGeneration != "none")
        }
    }

    /// What matters of the device, and the routes of its host.
    private struct Facts {
        let mtu: Int
        let isUp: Bool
        let addressGeneration: String?
        let addresses: String
        let routes: String
        let runtimeDirectories: [String]

        init(_ host: Host) throws {
            let link: [Link] = try decode(try host.shell("ip -details -json link show dev mine"))
            mtu = link[0].mtu
            isUp = link[0].flags.contains("UP")
            addressGeneration = link[0].inet6_addr_gen_mode
            addresses = try host.shell("ip -4 -o address show dev mine")
            routes = try host.shell("ip -4 -details route show table all")
            runtimeDirectories = try host.runtimeDirectories
        }

        private struct Link: Decodable {
            let mtu: Int
            let flags: [String]
            let inet6_addr_gen_mode: String?
        }
    }
}
