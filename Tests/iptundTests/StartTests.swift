// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

@Suite struct StartTests {
    static let first = IPv4Address(192, 0, 2, 1)
    static let here = IPv4Address(10, 0, 0, 1)

    /// What is known where `left` has 10.0.0.1/24 and 192.0.2.1 is behind 10.0.0.2.
    private func look(_ peers: [PeerSettings], local: IPv4Address? = nil) throws -> Result<Start, Complaint> {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 dev left; ip route add 192.0.2.1 via 10.0.0.2")
            let netlink = try Netlink()
            var settings = TunnelSettings(peers: peers)
            settings.local = local
            do throws(Complaint) {
                return .success(try Start.look(settings, .standard, nil, netlink))
            } catch {
                return .failure(error)
            }
        }
    }

    @Test(.needsRoot) func `of peers by address the ways are known, the others wait`() throws {
        let peers = [
            PeerSettings.sample("192.0.2.1", allowed: ["10.9.0.0/16"]), .sample("b.example", allowed: []),
            .sample("198.51.100.1", allowed: []),
        ]
        let start = try look(peers).get()
        #expect(start.ways.mapValues(\.gateway) == [Self.first: IPv4Address(10, 0, 0, 2)])
        #expect(start.roster.members.map { $0?.local } == [Self.here, nil, nil])
        #expect(
            start.roster.members.map { $0?.problem } == [nil, nil, "there is no way to it (Network is unreachable)"])
        #expect(start.table.slots.map { $0?.endpoint } == [Self.first, nil, IPv4Address(198, 51, 100, 1)])
        #expect(start.roster.commonLocal == Self.here)
    }

    @Test(.needsRoot, arguments: ["10.0.0.1", "10.0.0.255"])
    func `a peer that can be none is refused`(peer: String) throws {
        guard case .failure(let complaint) = try look([.sample(peer)]) else {
            Issue.record("\(peer) was taken")
            return
        }
        #expect(complaint.what == "peer \(peer)")
        #expect(complaint.whatNow == "give the address of the other end")
    }

    @Test func `a local address that is not ours is refused`() throws {
        var settings = TunnelSettings(peers: [.sample("192.0.2.1")])
        settings.local = IPv4Address(203, 0, 113, 77)
        let error = #expect(throws: Complaint.self) { _ = try Start.look(settings, .standard, nil, try Netlink()) }
        #expect(error?.what == "--local 203.0.113.77")
        #expect(error?.why == "is not an address of this host")
    }

    @Test(.needsRoot) func `an address of ours that was named is everybody's`() throws {
        let start = try look([.sample("192.0.2.1", allowed: []), .sample("b.example", allowed: [])], local: Self.here)
            .get()
        #expect(start.roster.members.map { $0?.local } == [Self.here, Self.here])
        #expect(start.roster.commonLocal == Self.here)
    }

    @Test func `peers that contradict each other are complained about`() {
        let roster = Roster([.sample("192.0.2.1"), .sample("192.0.2.2")], local: nil)
        let error = #expect(throws: Complaint.self) { _ = try roster.checkedTable() }
        #expect(error?.what == "the peers")
    }

    @Test func `addresses of ours that differ are none in common`() {
        var roster = Roster([.sample("192.0.2.1"), .sample("192.0.2.2")], local: nil)
        #expect(roster.commonLocal == nil)
        for place in 0...1 {
            let way = Way(local: IPv4Address(10, 0, 0, UInt8(place)), gateway: nil, link: 2, mtu: 1500)
            _ = roster.settle(place, by: .success(way), own: [])
            #expect(roster.commonLocal == (place == 0 ? way.local : nil))
        }
    }
}
