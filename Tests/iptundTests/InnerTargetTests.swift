// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Testing
import Wire

@testable import iptund

@Suite struct InnerTargetTests {
    private static func choose(_ allowed: String, _ addresses: [String] = [], own: [String] = []) -> PeerProbe.Target? {
        InnerTarget(
            addresses: addresses.compactMap { InterfaceAddress($0) }, own: Set(own.compactMap { IPv4Address($0) }),
            allowed: allowed.split(separator: " ").compactMap { Prefix($0) }, endpoint: IPv4Address(192, 0, 2, 2)
        ).choose()
    }

    /// The device's address, AllowedIPs, the address that is asked, and how it is known. Each end of a network of two asks
    /// the other; OpenVPN's `ifconfig` and wg-quick's `Address` are commonly written so at both ends.
    @Test(
        arguments: [
            ("10.9.0.1/30", "10.9.0.0/30", "10.9.0.2", .otherEnd),
            ("10.9.0.2/30", "10.9.0.0/30", "10.9.0.1", .otherEnd),
            ("10.9.0.0/31", "10.9.0.0/31", "10.9.0.1", .otherEnd),
            ("10.9.0.1/31", "10.9.0.0/31", "10.9.0.0", .otherEnd),
            ("10.9.0.1/32", "10.9.0.0/30", "10.9.0.2", .otherEnd), ("10.9.0.1/30", "0.0.0.0/0", "10.9.0.2", .otherEnd),
            ("10.9.0.1 peer 10.9.0.9", "10.9.0.0/24", "10.9.0.9", .otherEnd),
            ("10.9.0.1/24", "10.9.0.0/24", "10.9.0.2", .neighbour),
            ("10.9.0.2/24", "10.9.0.0/24", "10.9.0.1", .neighbour),
            ("10.9.0.1/32", "10.9.0.0/24", "10.9.0.2", .neighbour), ("10.9.0.1/24", "0.0.0.0/0", "192.0.2.2", .outer),
            ("10.9.0.1/32", "10.8.0.3/32", "10.8.0.3", .only),
            ("10.9.0.1/30", "10.8.0.3/32 10.9.0.0/30", "10.9.0.2", .otherEnd),
            ("10.9.0.1/32", "10.9.0.1/32 10.8.0.3/32", "10.8.0.3", .only),
        ] as [(String, String, String, PeerProbe.Target.Origin)])
    func `each end asks the other, and never itself`(
        own: String, allowed: String, address: String, origin: PeerProbe.Target.Origin
    ) throws {
        let target = try #require(Self.choose(allowed, [own]))
        #expect(target.address == IPv4Address(address))
        #expect(target.origin == origin)
        #expect(!target.reason.isEmpty)
    }

    @Test(
        arguments: [
            ("10.1.0.0/16 10.2.3.4/32", "10.2.3.4", .only), ("10.1.0.0/16 10.2.3.0/24", "10.2.3.1", .guessed),
            ("10.2.3.4/32 10.2.3.5/32", "10.2.3.4", .guessed), ("10.2.3.4/31", "10.2.3.4", .guessed),
            ("0.0.0.0/0", "192.0.2.2", .outer), ("10.1.0.0/16 0.0.0.0/0", "192.0.2.2", .outer),
            ("224.0.0.0/4 10.1.0.0/16", "10.1.0.1", .guessed),
        ] as [(String, String, PeerProbe.Target.Origin)])
    func `without an address of the device, one that the peer has or may have`(
        allowed: String, address: String, origin: PeerProbe.Target.Origin
    ) throws {
        let target = try #require(Self.choose(allowed))
        #expect(target.address == IPv4Address(address))
        #expect(target.origin == origin)
    }

    @Test func `an address of this host is passed over, wherever it is`() {
        #expect(Self.choose("10.1.0.0/16", own: ["10.1.0.1", "10.1.0.2"])?.address == IPv4Address(10, 1, 0, 3))
        #expect(Self.choose("10.1.0.1/32", own: ["10.1.0.1"]) == nil)
        #expect(Self.choose("0.0.0.0/0", own: ["192.0.2.2"]) == nil)
    }

    @Test(arguments: ["", "224.0.0.0/4", "224.0.0.5/32", "127.0.0.0/8", "240.0.0.0/4"])
    func `a peer without a host's address has none`(allowed: String) { #expect(Self.choose(allowed) == nil) }

    @Test func `of a whole block no address is asked that no host can have`() {
        for length in 1...31 {
            guard let block = Prefix(IPv4Address(10, 64, 0, 0), length: length),
                let target = Self.choose("\(block)")?.address
            else { continue }
            #expect(block.contains(target) && target.isUnicast)
            #expect(length == 31 || target != block.address && target != block.last)
        }
    }
}
