// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire
@testable import Configuration

@Suite struct ArgumentsTests {
    /// What `read` complains about; `nil` when it takes the text.
    func complaint<Value>(_ text: String, _ read: (String) throws(Complaint) -> Value) -> Complaint? {
        do throws(Complaint) { _ = try read(text) } catch { return error }
        return nil
    }

    @Test(arguments: ["192.0.2.1", "1.0.0.0", "223.255.255.255"])
    func `an address of one host is a peer, and is a local end`(
        text: String
    ) throws {
        let address = try #require(IPv4Address(text))
        #expect(try Arguments.peer(text) == .address(address))
        #expect(try Arguments.local(text) == address)
    }

    @Test(arguments: ["b", "host.example.com", "1a", "4.example", "xn--bcher-kva.example"])
    func `a host name is a peer, but no local end`(text: String) throws {
        #expect(try Arguments.peer(text) == .name(text))
        #expect(complaint(text, Arguments.local)?.why == "not an IPv4 address")
    }

    @Test(arguments: ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255"])
    func `an address that no single host has is no tunnel end`(text: String) {
        for (flag, complaint) in [
            ("--peer", complaint(text, Arguments.peer)), ("--local", complaint(text, Arguments.local)),
        ] {
            #expect(
                complaint?.description == "\(flag) \(text): no address of a single host on a network; "
                    + "0/8, 127/8, multicast and broadcast cannot be tunnel ends")
            #expect(complaint?.exitCode == 2)
        }
    }

    @Test(arguments: [
        "", " ", "192.0.2", "192.0.2.256", "192.0.2.1/32", "192.0.2.01", "2001:db8::1", "a_b", "-a", "a b",
    ])
    func `what is neither an address nor a name is no peer`(text: String) {
        let expected = Complaint.usage(
            "--peer '\(text)'", why: "neither an IPv4 address nor a host name",
            whatNow: "give the other end's address, such as 192.0.2.1")
        #expect(complaint(text, Arguments.peer) == expected)
        #expect(complaint(text, Arguments.local)?.exitCode == 2)
    }

    @Test(arguments: [
        ("", "not a name that an interface can have"), ("a/b", "not a name that an interface can have"),
        ("sixteen-octets-x", "longer than 15 octets"), ("tunnel%d", "not a name that an interface can have"),
    ])
    func `a device name that cannot be says why`(text: String, why: String) {
        #expect(
            complaint(text, Arguments.device)
                == .usage("--device '\(text)'", why: why, whatNow: "use up to 15 letters, digits, '-', '_' or '.'"))
    }

    @Test func `a device name that can be is taken`() throws {
        #expect(try Arguments.device("fifteen-octets-").text == "fifteen-octets-")
    }

    @Test(arguments: ["10.9.0.1", "10.9.0.1/32", "10.9.0.1/24", "10.9.0.1 peer 10.9.0.2", "10.9.0.1 peer 10.9.0.2/30"])
    func `an inner address may have a length or a peer`(text: String) throws {
        #expect(try Arguments.address(text) == InterfaceAddress(text))
    }

    @Test(arguments: [
        "", "10.9.0", "10.9.0.1/33", "b", "10.9.0.1 via 10.9.0.2", "0.0.0.0/0", "127.0.0.1/8", "224.0.0.1",
    ])
    func `anything else is no inner address`(text: String) {
        let complaint = complaint(text, Arguments.address)
        #expect(complaint?.exitCode == 2)
        #expect(complaint?.what.contains(text) == true)
        #expect(complaint?.whatNow == "such as 10.9.0.1/32")
    }

    @Test(arguments: ["10.9.0.0/24", "0.0.0.0/0", "10.9.0.1", "10.9.0.1/32", "128.0.0.0/1"])
    func `a prefix, or one address, is allowed`(text: String) throws {
        #expect(try Arguments.allowed(text) == Prefix(text))
    }

    @Test func `a prefix with bits behind its length is refused, with both things that may have been meant`() {
        let expected = Complaint.usage(
            "--allowed-ips 10.9.0.1/24", why: "has bits beyond its length",
            whatNow: "write 10.9.0.0/24, or 10.9.0.1/32 for the one address")
        #expect(complaint("10.9.0.1/24", Arguments.allowed) == expected)
    }

    @Test(arguments: ["", "10.9.0.0/33", "10.9.0.0/", "10.9/16", "any", "::/0"]) func `anything else is no prefix`(
        text: String
    ) {
        let expected = Complaint.usage(
            "--allowed-ips '\(text)'", why: "not an IPv4 prefix", whatNow: "such as 10.9.0.0/24")
        #expect(complaint(text, Arguments.allowed) == expected)
    }
}
