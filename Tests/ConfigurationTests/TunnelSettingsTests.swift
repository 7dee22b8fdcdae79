// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import Configuration

@Suite struct TunnelSettingsTests {
    @Test func `settings of a bare peer leave everything else to be found out`() {
        let settings = TunnelSettings(peers: [PeerSettings(endpoint: .address(IPv4Address(192, 0, 2, 1)))])
        #expect(settings.local == nil)
        #expect(settings.device == nil)
        #expect(settings.addresses.isEmpty)
        #expect(settings.peers[0].allowed == nil)
        #expect(settings.mtu == nil)
        #expect(settings.policy == TunnelPolicy())
        #expect(TunnelSettings.mtuRange == 68...65_515)
    }

    static let label = String(repeating: "a", count: 63)

    @Test(arguments: [
        "a", "A-1", "1.example", "host.example.com", "a--b", label, "\(label).\(label).\(label).\(label.dropLast(2))",
        "1.2.3.4a", "0x7f",
    ])
    func `labels of letters, digits and inner hyphens are a name`(text: String) {
        #expect(PeerAddress(text) == .name(text))
    }

    @Test(arguments: [
        "", ".", "a..", ".a", "a..b", "-a", "a-", "a.-b", "a_b", "a b", "a\n", "ä", "é.example", "１.a", "a:1", "a/32",
        "*",
        label + "a", "\(label).\(label).\(label).\(label)",
    ])
    func `anything else is no name`(text: String) {
        #expect(PeerAddress(text) == nil)
    }

    @Test(arguments: ["1", "192.0.2", "192.0.2.256", "192.0.2.1.1", "example.1", "010.0.0.1"])
    func `a mistyped address is no name`(text: String) {
        #expect(PeerAddress(text) == nil)
    }

    @Test(arguments: [
        "a", "iptun0", "tunl-b", "a_b.c", "_1", "eth0.100", "éa".filter(\.isASCII), "all0", "fifteen-octets-",
    ])
    func `letters, digits and three signs make a device name`(text: String) {
        #expect(DeviceName(text)?.text == text)
    }

    @Test(arguments: [
        "", ".", "..", "...", ".x", "all", "default", "-a", "sixteen-octets--", "ä", "éééééééé", "t;reboot", "$(id)",
        "a'b",
        "a b", "a/b", "#eth0",
    ])
    func `a name that the kernel refuses, that hides, or that does something in a command, is none`(text: String) {
        #expect(DeviceName(text) == nil)
    }

    @Test func `no other octet is part of a device name`() {
        let letters = "abcdefghijklmnopqrstuvwxyz"
        let allowed = Set(Array("\(letters)\(letters.uppercased())0123456789-_.".utf8))
        for octet in 0...0x7f as ClosedRange<UInt8> {
            let text = "a\(Character(UnicodeScalar(octet)))b"
            #expect((DeviceName(text) != nil) == allowed.contains(octet), "octet \(octet)")
        }
    }
}
