// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing
import Wire
@testable import iptund

@Suite struct ReloadingTests {
    private static let current: TunnelSettings = {
        var settings = TunnelSettings(peers: [.sample("192.0.2.1")])
        settings.device = DeviceName("tunl-b")
        return settings
    }()

    /// What is said when a running tunnel is to become `adjust`ed.
    private static func refusal(_ adjust: (inout TunnelSettings) -> Void) -> String? {
        var next = current
        adjust(&next)
        do throws(Complaint) { try Reloading.check(next, against: current) } catch { return error.what }
        return nil
    }

    @Test func `what takes privilege, or is the tunnel itself, cannot change`() {
        let changes: [(String, (inout TunnelSettings) -> Void)] = [
            ("Device", { $0.device = DeviceName("tunl-c") }), ("Local", { $0.local = IPv4Address(10, 0, 0, 1) }),
            ("Netns", { $0.namespace = "n" }), ("User", { $0.user = "nobody" }),
            ("Workers", { $0.workers = .fixed(2) }), ("Offload", { $0.offload = .off }),
        ]
        for (key, change) in changes { #expect(Self.refusal(change) == "\(key) is another one now") }
    }

    @Test func `everything else can`() {
        let refusal = Self.refusal {
            $0.peers = [.sample("192.0.2.2", allowed: ["10.0.0.0/8"]), .sample("b.example", allowed: [])]
            $0.addresses = [inner("10.9.0.1/32")]
            ($0.mtu, $0.table, $0.forward, $0.killSwitch) = (1400, .off, .connected, .on)
            $0.proxyARP = DeviceName("lan0").map { ProxyARP(device: $0) }
            $0.policy.minimumTTL = 255
        }
        #expect(refusal == nil)
    }

    @Test func `a device that nobody names is the one that there is`() {
        #expect(Self.refusal { $0.device = nil } == nil)
    }
}
