// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire
@testable import Configuration

/// The device, its addresses and routes, and the daemon.
@Suite struct EntryInterfaceTests {
    @Test(arguments: [
        ("", "not a name that an interface can have"), ("a/b", "not a name that an interface can have"),
        ("sixteen-octets-x", "longer than 15 octets"), ("tunnel%d", "not a name that an interface can have"),
    ])
    func `a device name that cannot be says why`(text: String, why: String) {
        let expected = Complaint.usage(
            "--device '\(text)'", why: why, whatNow: "use up to 15 letters, digits, '-', '_' or '.'")
        #expect(throws: expected) { try Entry(.device, text).device() }
    }

    @Test func `a device name that can be is taken`() throws {
        #expect(try Entry(.device, "fifteen-octets-").device().text == "fifteen-octets-")
    }

    @Test(arguments: ["10.9.0.1", "10.9.0.1/32", "10.9.0.1/24", "10.9.0.1 peer 10.9.0.2", "10.9.0.1 peer 10.9.0.2/30"])
    func `an inner address may have a length or a peer`(text: String) throws {
        #expect(try Entry(.address, text).interfaceAddress() == InterfaceAddress(text))
    }

    @Test(arguments: [
        "", "10.9.0", "10.9.0.1/33", "b", "10.9.0.1 via 10.9.0.2", "0.0.0.0/0", "127.0.0.1/8", "224.0.0.1",
    ])
    func `anything else is no inner address`(text: String) {
        let complaint = #expect(throws: Complaint.self) { try Entry(.address, text).interfaceAddress() }
        #expect(complaint?.exitCode == 2)
        #expect(complaint?.what == "--address '\(text)'")
        #expect(complaint?.whatNow == "such as 10.9.0.1/32")
    }

    @Test(arguments: [68, 1280, 1480, 65_515]) func `an MTU is a number from 68 to 65515`(mtu: Int) throws {
        #expect(try Entry(.mtu, "\(mtu)").mtu() == mtu)
    }

    @Test func `an MTU may be left to the underlay`() throws { #expect(try Entry(.mtu, "auto").mtu() == nil) }

    @Test(arguments: ["", "67", "65516", "-1480", "1480.0", "0x600", "Auto", "+1480", " 1480", "99999999999999999999"])
    func `anything else is no MTU`(text: String) {
        let expected = Complaint.usage(
            "--mtu '\(text)'", why: "neither a number from 68 to 65515 nor 'auto'",
            whatNow: "leave it out to take the underlay's MTU - 20")
        #expect(throws: expected) { try Entry(.mtu, text).mtu() }
    }

    @Test func `a table is a number, or a word`() throws {
        #expect(try Entry(.table, "auto").table() == .automatic)
        #expect(try Entry(.table, "off").table() == .off)
        #expect(try Entry(.table, "main").table() == .number(254))
        for number in [1, 252, 254, 256, 51_820, 4_294_967_295] as [UInt32] {
            #expect(try Entry(.table, "\(number)").table() == .number(number))
        }
    }

    @Test(arguments: ["0", "00", "253", "0253", "255"]) func `tables of the kernel's are not ours`(text: String) {
        let complaint = #expect(throws: Complaint.self) { try Entry(.table, text).table() }
        #expect(complaint?.why == "that table is the kernel's own")
    }

    @Test(arguments: ["", "-1", "+1", "4294967296", "local", "yes"]) func `anything else is no table`(text: String) {
        #expect(throws: Complaint.self) { try Entry(.table, text).table() }
    }

    @Test func `a device may answer for single addresses, or for networks too`() throws {
        let eth0 = try #require(DeviceName("eth0"))
        #expect(try Entry(.proxyARP, "eth0").proxyARP() == ProxyARP(device: eth0))
        #expect(try Entry(.proxyARP, "eth0 networks").proxyARP() == ProxyARP(device: eth0, scope: .networks))
        for text in ["", "eth0 hosts", "eth0 networks eth1", "eth0,eth1 networks x", "a/b", "a/b networks"] {
            #expect(throws: Complaint.self) { try Entry(.proxyARP, text).proxyARP() }
        }
    }

    @Test func `a namespace is a file's name`() throws {
        for text in ["b", "a.b", "cni-1", "qrouter@x"] { #expect(try Entry(.namespace, text).namespace() == text) }
        for text in [
            "", ".", "..", "...", "ä", "#1", "t;reboot", "-a", "a/b", "a b", "a\n", String(repeating: "a", count: 256),
        ] {
            #expect(throws: Complaint.self) { try Entry(.namespace, text).namespace() }
        }
    }

    @Test func `a mark is a number, with a mask or for all bits, and not 0`() throws {
        #expect(try Entry(.firewallMark, "auto").firewallMark() == nil)
        #expect(try Entry(.firewallMark, "0x1994/0x3fff").firewallMark() == .standard)
        #expect(try Entry(.firewallMark, "7").firewallMark() == PacketMark(7))
        for text in ["", "0", "0/0xff", "0x100/0xff", "Auto", "-1", "7/", "7/x", "0x1_0"] {
            #expect(throws: Complaint.self) { try Entry(.firewallMark, text).firewallMark() }
        }
    }

    @Test func `a user is a name`() throws {
        for text in ["iptund", "_x", "a.b-c", "host$"] { #expect(try Entry(.user, text).user() == text) }
        for text in ["", "0", "1000", "-a", "a b", "a:b", "a/b", "$", "ä", "..", String(repeating: "a", count: 33)] {
            #expect(throws: Complaint.self) { try Entry(.user, text).user() }
        }
    }

    @Test func `workers are 1 to 16, or as many as fit this host`() throws {
        for count in 1...16 { #expect(try Entry(.workers, "\(count)").workers() == .fixed(count)) }
        #expect(try Entry(.workers, "auto").workers() == .automatic)
    }

    @Test(arguments: ["", "0", "17", "-1", "+2", "1.5", "Auto", " 2", "99999999999999999999"])
    func `anything else is no number of workers`(text: String) {
        let expected = Complaint.usage(
            "--workers '\(text)'", why: "neither 1 to 16 nor 'auto'",
            whatNow: "leave it out for one; more help only where a single one cannot keep up")
        #expect(throws: expected) { try Entry(.workers, text).workers() }
    }

    @Test func `a kill switch takes five words`() throws {
        for text in ["yes", "on", "Yes", "ON"] { #expect(try Entry(.killSwitch, text).killSwitch() == .on) }
        for text in ["no", "off"] { #expect(try Entry(.killSwitch, text).killSwitch() == .off) }
        for text in ["all", "ALL"] { #expect(try Entry(.killSwitch, text).killSwitch() == .all) }
        for text in ["", "1", "true", "y", "auto", "any"] {
            #expect(throws: Complaint.self) { try Entry(.killSwitch, text).killSwitch() }
        }
    }

    @Test func `Forward takes yes, no, or devices one by one`() throws {
        let (lan, dmz) = (try #require(DeviceName("lan")), try #require(DeviceName("dmz.5")))
        #expect(try Entry(.forward, "yes").forwarding(after: .off) == .connected)
        #expect(try Entry(.forward, "OFF").forwarding(after: .off) == .off)
        #expect(try Entry(.forward, "lan").forwarding(after: .off) == .devices([lan]))
        #expect(try Entry(.forward, "dmz.5").forwarding(after: .devices([lan])) == .devices([lan, dmz]))
        let wrong: [(String, Forwarding)] = [
            ("lan", .devices([lan])), ("yes", .devices([lan])), ("no", .devices([lan])), ("lan", .connected),
            ("yes", .connected), ("a/b", .off), ("", .off),
        ]
        for (text, earlier) in wrong {
            #expect(throws: Complaint.self, "\(text)") { try Entry(.forward, text).forwarding(after: earlier) }
        }
    }

    @Test func `offload is auto or off`() throws {
        #expect(try ["auto", "off"].map { try Entry(.offload, $0).offload() } == [.automatic, .off])
        #expect(throws: Complaint.self) { try Entry(.offload, "on").offload() }
    }
}
