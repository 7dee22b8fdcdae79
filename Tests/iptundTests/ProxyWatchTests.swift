// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite struct ProxyWatchTests {
    private static func settings(_ prefixes: String...) throws -> TunnelSettings {
        var settings = TunnelSettings(peers: [.sample("b.example", allowed: prefixes)])
        settings.proxyARP = ProxyARP(device: try #require(DeviceName("lan")))
        return settings
    }

    /// Whether the entries for 10.9.1.1 and 10.9.1.2 are missed after `script`.
    private func isForgotten(after script: String) throws -> Bool? {
        try inFreshNetwork {
            try shell("ip link add lan type veth peer name lan-end; ip link set lan up; ip link set lan-end up")
            try shell("for address in 10.9.1.1 10.9.1.2; do ip neigh add proxy $address dev lan; done")
            let netlink = try Netlink()
            let watch = ProxyWatch(try Self.settings("10.9.1.1/32", "10.9.1.2/32"), netlink)
            try shell(script)
            return watch?.isForgotten(netlink)
        }
    }

    @Test(
        .needsRoot,
        arguments: [
            (":", false), ("ip link set lan down", false), ("ip link set lan down; ip link set lan up", true),
            ("ip neigh delete proxy 10.9.1.1 dev lan", false), ("ip link delete lan", false),
            ("ip link set lan down; ip link set lan up; ip neigh add proxy 10.9.1.2 dev lan", false),
        ])
    func `entries are missed when all of them went with the link, which is up again`(
        script: String, isForgotten: Bool
    ) throws {
        #expect(try self.isForgotten(after: script) == isForgotten)
    }

    @Test(.needsRoot) func `without entries there is nothing to watch`() throws {
        let isWatched = try inFreshNetwork {
            try shell("ip link add lan type veth peer name lan-end")
            let netlink = try Netlink()
            let plain = TunnelSettings(peers: [.sample("b.example", allowed: ["10.9.1.1/32"])])
            return [try Self.settings("10.9.0.0/24"), plain].map { ProxyWatch($0, netlink)?.device.name }
        }
        #expect(isWatched == [nil, nil])
    }
}
