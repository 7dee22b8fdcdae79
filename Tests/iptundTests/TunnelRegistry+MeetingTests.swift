// SPDX-License-Identifier: Apache-2.0

import Configuration
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct TunnelRegistryMeetingTests {
    private typealias Candidate = TunnelRegistry.Candidate

    /// A tunnel to these peers.
    private static func settings(
        _ peers: [PeerSettings], local: String? = nil, accepting: [String] = ["peers"], only: Direction? = nil
    ) throws -> TunnelSettings {
        var settings = TunnelSettings(peers: peers)
        settings.local = local.flatMap { IPv4Address($0) }
        settings.policy.acceptance = Decapsulation.Acceptance(
            try Entry.list(.acceptFrom, accepting).compactMap { try $0.acceptance() })
        settings.policy.only = only
        return settings
    }

    /// Why `ours` cannot run beside `theirs`; `nil` when it can.
    private func refusal(
        _ ours: TunnelSettings, beside theirs: TunnelSettings, isUp: Bool = true, isNextToUs: Bool = true,
        isAtOurUnderlay: Bool = true, learned: [PeerAddress: IPv4Address] = [:],
        _ adjust: (inout TunnelState) -> Void = { _ in }
    ) -> String? {
        let other = TunnelRegistry.Other.sample(
            theirs, isUp: isUp, isNextToUs: isNextToUs, isAtOurUnderlay: isAtOurUnderlay, adjust)
        do throws(Complaint) {
            try TunnelRegistry.sample(other).check(Candidate(settings: ours, learned: learned))
            return nil
        } catch {
            return "\(error.what): \(error.why)"
        }
    }

    private func refusal(
        _ endpoint: String, _ allowed: [String]?, local: String? = nil, besides theirLocal: String? = nil,
        isUp: Bool = true
    ) throws -> String? {
        refusal(
            try Self.settings([.sample(endpoint, allowed: allowed)], local: local),
            beside: try Self.settings([.sample("192.0.2.2", allowed: ["10.1.0.0/16"])], local: theirLocal), isUp: isUp)
    }

    @Test func `another peer, or other sources of the same one, are fine`() throws {
        #expect(try refusal("192.0.2.3", ["10.1.1.0/24"]) == nil)
        #expect(try refusal("192.0.2.2", ["10.2.0.0/16"]) == nil)
    }

    @Test(arguments: [["10.1.2.0/24"], ["10.0.0.0/8"], ["0.0.0.0/0"], nil] as [[String]?])
    func `a peer whose inner sources another tunnel takes is refused`(allowed: [String]?) throws {
        let why = try refusal("192.0.2.2", allowed)
        #expect(why?.hasPrefix("peer 192.0.2.2: tunnel b takes 10.1.") == true, "\(why ?? "")")
        #expect(try refusal("192.0.2.2", allowed, isUp: false) == nil)
    }

    @Test func `two tunnels to one peer from different addresses of ours are legal`() throws {
        let (one, other) = ("198.51.100.1", "198.51.100.2")
        #expect(try refusal("192.0.2.2", nil, local: one, besides: other) == nil)
        #expect(try refusal("192.0.2.2", nil, local: one, besides: one) != nil)
        #expect(try refusal("192.0.2.2", nil, local: one) != nil)
        #expect(try refusal("192.0.2.2", nil, besides: other) != nil)
    }

    @Test func `the same prefix in two tunnels is refused, whoever the peers are, and a part of it is fine`() throws {
        #expect(
            try refusal("192.0.2.3", ["10.1.0.0/16"])
                == "AllowedIPs of peer 192.0.2.3: 10.1.0.0/16 goes to peer 192.0.2.2 of tunnel b already")
        #expect(try refusal("192.0.2.3", ["10.1.0.0/17"]) == nil)
        var ours = try Self.settings([.sample("192.0.2.3", allowed: ["10.1.0.0/16"])])
        let theirs = try Self.settings([.sample("192.0.2.2", allowed: ["10.1.0.0/16"])])
        #expect(refusal(ours, beside: theirs, isNextToUs: false) == nil)
        ours.table = .number(77)
        #expect(refusal(ours, beside: theirs) == nil)
    }

    @Test func `a name is where it was found, and a tunnel whose packets arrive elsewhere is no matter`() throws {
        let ours = try Self.settings([.sample("B.example")])
        let theirs = try Self.settings([.sample("192.0.2.2")])
        let address = IPv4Address(192, 0, 2, 2)
        #expect(refusal(ours, beside: theirs) == nil)
        let learned = [PeerAddress.name("b.example"): address]
        #expect(
            refusal(ours, beside: theirs, learned: learned)
                == "peer B.example (192.0.2.2): tunnel b takes 0.0.0.0/0 from it already")
        #expect(refusal(ours, beside: theirs, isAtOurUnderlay: false, learned: learned) == nil)
        // The other way round: the other one knows by now where its name leads.
        #expect(refusal(theirs, beside: ours) == nil)
        #expect(refusal(theirs, beside: ours) { $0.addresses = ["b.example": address] } != nil)
    }

    @Test func `the two modules of 1994 run side by side`() throws {
        let peer = PeerSettings.sample("192.0.2.2")
        let (out, back) = (
            try Self.settings([peer], only: .encapsulate), try Self.settings([peer], only: .decapsulate)
        )
        #expect(refusal(out, beside: back) == nil)
        #expect(refusal(back, beside: out) == nil)
        #expect(refusal(back, beside: back) != nil)
    }

    @Test(arguments: [["any"], ["192.0.2.2"], ["192.0.2.0/24"], ["10.0.0.0/8,192.0.2.2"]])
    func `to accept from a peer of another tunnel is refused`(texts: [String]) throws {
        let ours = try Self.settings([], accepting: texts, only: .decapsulate)
        let theirs = try Self.settings([.sample("192.0.2.2", allowed: ["10.1.0.0/16"])])
        #expect(refusal(ours, beside: theirs)?.hasSuffix("tunnel b would take them too") == true)
        // And the other way round.
        #expect(refusal(theirs, beside: ours)?.hasSuffix("tunnel b would take them too") == true)
    }

    @Test func `two tunnels that accept from strangers must tell them apart`() throws {
        func accepting(_ text: String) throws -> TunnelSettings {
            try Self.settings([], accepting: [text], only: .decapsulate)
        }
        #expect(try refusal(accepting("198.51.100.0/24"), beside: accepting("198.51.100.7/32")) != nil)
        #expect(try refusal(accepting("198.51.100.0/25"), beside: accepting("198.51.100.128/25")) == nil)
    }
}
