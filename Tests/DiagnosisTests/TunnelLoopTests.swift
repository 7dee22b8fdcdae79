// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

struct TunnelLoopTests {
    /// A tunnel of this name whose one peer is at `endpoint`, reached by `device`, and takes `allowed`.
    private func tunnel(_ name: String, _ endpoint: String, by device: String, _ allowed: String...) -> TunnelSnapshot {
        var tunnel = TunnelSnapshot(name)
        tunnel.device = name
        var peer = PeerSnapshot(endpoint, endpoint: address(endpoint))
        peer.allowed = allowed.isEmpty ? nil : allowed.map(prefix)
        peer.way = RouteAnswer("ip route get \(endpoint)", .out(device: device, gateway: nil, source: nil))
        peer.way?.route = "\(endpoint)/32 dev \(device)"
        tunnel.peers = [peer]
        return tunnel
    }

    private func path(_ tunnels: [TunnelSnapshot]) -> String? {
        TunnelLoop(tunnels[0].peers[0], of: tunnels[0], among: tunnels)?.path
    }

    @Test func `two tunnels that lead into each other are a loop, seen from either`() {
        let w0 = tunnel("w0", "10.1.0.1", by: "w1", "10.2.0.0/16")
        let w1 = tunnel("w1", "10.2.0.1", by: "w0", "10.1.0.0/16")
        #expect(path([w0, w1]) == "w0 -> w1 -> w0")
        #expect(path([w1, w0]) == "w1 -> w0 -> w1")
        var host = HostSnapshot.healthy
        (host.tunnels, host.others) = ([w0], [w1])
        let findings = RouteLoop.judge(host)
        #expect(findings.map(\.verdict) == [.broken])
        #expect(findings[0].evidence.last == "round and round: w0 -> w1 -> w0")
        #expect(findings[0].fix == "ip route delete 10.1.0.1/32 dev w1")
    }

    @Test func `three are, and one that leads into a loop of others is told`() {
        let ring = [
            tunnel("a", "10.1.0.1", by: "b"), tunnel("b", "10.2.0.1", by: "c"), tunnel("c", "10.3.0.1", by: "a"),
        ]
        #expect(path(ring) == "a -> b -> c -> a")
        let outside = [tunnel("x", "10.9.0.1", by: "a")] + ring
        #expect(path(outside) == "x -> a -> b -> c -> a")
    }

    @Test func `a tunnel that leads into itself is the shortest`() {
        #expect(path([tunnel("a", "10.1.0.1", by: "a")]) == "a -> a")
    }

    @Test func `a tunnel inside of another one that leaves by a link is none`() {
        #expect(path([tunnel("in", "10.1.0.1", by: "out"), tunnel("out", "192.0.2.2", by: "eth0")]) == nil)
    }

    @Test func `a packet that the next tunnel has no peer for ends there`() {
        let lost = [tunnel("a", "10.1.0.1", by: "b", "10.2.0.0/16"), tunnel("b", "10.2.0.1", by: "a", "10.7.0.0/16")]
        #expect(path(lost) == nil)
    }

    @Test func `of several peers the one with the longest block is followed`() {
        var b = tunnel("b", "192.0.2.9", by: "eth0", "10.0.0.0/8")
        b.peers += tunnel("b", "10.2.0.1", by: "a", "10.1.0.0/16").peers
        #expect(path([tunnel("a", "10.1.0.1", by: "b"), b]) == "a -> b -> a")
        #expect(path([tunnel("a", "10.3.0.1", by: "b"), b]) == nil)
    }
}
