// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct OtherTunnelsTests {
    /// What is said about a tunnel to `endpoint` beside one to 192.0.2.2 that takes 10.1.0.0/16 from it.
    private func refusal(
        _ endpoint: String?, allowed: String = "10.2.0.0/16", accepting texts: [String] = ["peers"],
        beside acceptFrom: String = "peers"
    ) throws -> String? {
        var report = TunnelReport.sample
        report.acceptFrom = acceptFrom
        report.peers[0].endpoint = "192.0.2.2"
        report.peers[0].allowedIPs = ["10.1.0.0/16"]
        let peers = try [endpoint].compactMap(\.self).map { text in
            let address: IPv4Address = try #require(IPv4Address(text))
            return Peer(
                endpoint: address, local: IPv4Address(192, 0, 2, 1), allowed: [try #require(Prefix(allowed))])
        }
        let acceptance = Decapsulation.Acceptance(
            try Entry.list(.acceptFrom, texts).compactMap { try $0.acceptance() })
        return OtherTunnels.overlap(try PeerTable(peers), acceptance, with: report)?.why
    }

    @Test func `a peer without an address takes nothing from anybody`() throws {
        let unresolved = Peer(endpoint: nil, host: "b.example", local: nil)
        var report = TunnelReport.sample
        report.acceptFrom = "any"
        (report.peers[0].endpoint, report.peers[0].host) = (nil, "b.example")
        #expect(OtherTunnels.overlap(try PeerTable(slots: [nil, unresolved]), .peers, with: report) == nil)
    }

    @Test func `another peer, or other sources of the same one, are fine`() throws {
        #expect(try refusal("192.0.2.3", allowed: "10.1.0.0/16") == nil)
        #expect(try refusal("192.0.2.2") == nil)
    }

    @Test(arguments: ["10.1.0.0/16", "10.1.2.0/24", "10.0.0.0/8", "0.0.0.0/0"])
    func `a peer whose inner sources another tunnel takes is refused`(allowed: String) throws {
        #expect(try refusal("192.0.2.2", allowed: allowed)?.hasPrefix("tunnel tunl-b takes 10.1.") == true)
    }

    @Test(arguments: [["any"], ["192.0.2.2"], ["192.0.2.0/24"], ["10.0.0.0/8,192.0.2.2"]])
    func `to accept from a peer of another tunnel is refused`(texts: [String]) throws {
        #expect(try refusal(nil, accepting: texts) == "tunnel tunl-b would take them too")
    }

    @Test(arguments: ["any", "192.0.2.3/32", "10.0.0.0/8,192.0.2.0/24"])
    func `a peer that another tunnel accepts from is refused`(acceptFrom: String) throws {
        #expect(try refusal("192.0.2.3", beside: acceptFrom) == "tunnel tunl-b would take them too")
    }

    @Test func `two tunnels that accept from strangers must tell them apart`() throws {
        #expect(try refusal(nil, accepting: ["198.51.100.0/24"], beside: "198.51.100.7/32") != nil)
        #expect(try refusal(nil, accepting: ["198.51.100.0/25"], beside: "198.51.100.128/25") == nil)
    }
}
