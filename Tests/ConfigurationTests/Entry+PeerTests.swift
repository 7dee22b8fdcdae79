// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire
@testable import Configuration

/// The other end, and what is behind it.
@Suite struct EntryPeerTests {
    @Test(arguments: ["192.0.2.1", "1.0.0.0", "223.255.255.255"])
    func `an address of one host is a peer, and is a local end`(text: String) throws {
        let address = try #require(IPv4Address(text))
        #expect(try Entry(.endpoint, text).endpoint() == .address(address))
        #expect(try Entry(.local, text).local() == address)
    }

    @Test(arguments: ["b", "host.example.com", "1a", "4.example", "xn--bcher-kva.example"])
    func `a host name is a peer, but no local end`(text: String) throws {
        #expect(try Entry(.endpoint, text).endpoint() == .name(text))
        let complaint = #expect(throws: Complaint.self) { try Entry(.local, text).local() }
        #expect(complaint?.why == "neither an IPv4 address nor 'auto'")
    }

    @Test func `a local end may be left to the routes`() throws {
        #expect(try Entry(.local, "auto").local() == nil)
    }

    @Test(arguments: ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255"])
    func `an address that no single host has is no tunnel end`(text: String) {
        let peer = #expect(throws: Complaint.self) { try Entry(.endpoint, text).endpoint() }
        let local = #expect(throws: Complaint.self) { try Entry(.local, text).local() }
        for (flag, complaint) in [("--peer", peer), ("--local", local)] {
            #expect(
                complaint?.description == "\(flag) '\(text)': no address of a single host on a network; "
                    + "0/8, 127/8, multicast and broadcast cannot be tunnel ends")
            #expect(complaint?.exitCode == 2)
        }
    }

    @Test(arguments: [
        ("2001:db8::1", "an IPv6 address: outer packets are IPv4 only"),
        ("fe80::1%eth0", "an IPv6 address: outer packets are IPv4 only"),
        ("::", "an IPv6 address: outer packets are IPv4 only"),
        ("[2001:db8::1]:51820", "an IPv6 address: outer packets are IPv4 only, and have no ports"),
        ("192.0.2.1:51820", "has a port: protocol 4 has none"), ("b.example:4", "has a port: protocol 4 has none"),
        ("192.0.2.1/32", "a block of addresses, and a peer has one"),
    ])
    func `what other tunnels take is named`(text: String, why: String) {
        let expected = Complaint.usage(
            "--peer '\(text)'", why: why, whatNow: "give the other end's IPv4 address, such as 192.0.2.1, or its name")
        #expect(throws: expected) { try Entry(.endpoint, text).endpoint() }
    }

    @Test(arguments: ["", " ", "192.0.2", "192.0.2.256", "192.0.2.01", "a_b", "-a", "a b", ":", "a:b", "x:y:z"])
    func `what is neither an address nor a name is no peer`(text: String) {
        let expected = Complaint.usage(
            "--peer '\(text)'", why: "neither an IPv4 address nor a host name",
            whatNow: "give the other end's IPv4 address, such as 192.0.2.1, or its name")
        #expect(throws: expected) { try Entry(.endpoint, text).endpoint() }
        #expect(throws: Complaint.self) { try Entry(.local, text).local() }
    }

    @Test(arguments: ["b", "site-b.example", "_1", String(repeating: "a", count: 63)])
    func `a peer may be called what fits into a line`(text: String) throws {
        #expect(try Entry(.name, text).peerName() == text)
    }

    @Test(arguments: ["", "-b", "a b", "a,b", "#b", "b\n", "ä", "a=b", String(repeating: "a", count: 64)])
    func `anything else is no peer's name`(text: String) {
        #expect(throws: Complaint.self) { try Entry(.name, text).peerName() }
    }

    @Test(arguments: ["10.9.0.0/24", "0.0.0.0/0", "10.9.0.1", "10.9.0.1/32", "128.0.0.0/1"])
    func `a prefix, or one address, is allowed`(text: String) throws {
        #expect(try Entry(.allowedIPs, text).allowed() == Prefix(text))
    }

    @Test func `a prefix with bits behind its length is refused, with both things that may have been meant`() {
        let expected = Complaint.usage(
            "--allowed-ips '10.9.0.1/24'", why: "has bits beyond its length",
            whatNow: "write 10.9.0.0/24, or 10.9.0.1/32 for the one address")
        #expect(throws: expected) { try Entry(.allowedIPs, "10.9.0.1/24").allowed() }
    }

    @Test(arguments: ["", "10.9.0.0/33", "10.9.0.0/", "10.9/16", "any", "::/0"])
    func `anything else is no prefix`(text: String) {
        let expected = Complaint.usage(
            "--allowed-ips '\(text)'", why: "not an IPv4 prefix", whatNow: "such as 10.9.0.0/24")
        #expect(throws: expected) { try Entry(.allowedIPs, text).allowed() }
    }
}
