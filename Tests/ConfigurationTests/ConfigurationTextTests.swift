// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel
import Wire
@testable import Configuration

@Suite struct ConfigurationTextTests {
    /// A file with a value for every key.
    static let example = """
        [Interface]
        Address    = 111.112.100.87/32     # inner; may repeat
        Address    = 10.0.0.1, 10.9.0.1   peer 10.9.0.2
        Local      = 192.0.2.7
        Device     = tunl-b
        MTU        = 1400
        TTL        = inherit
        DF         = copy
        DSCP       = 46
        ECN        = compatible
        MinTTL     = 254
        MSSClamp   = 1200
        Table      = 51820
        ProxyARP   = eth0 networks
        Forward    = yes
        AcceptFrom = peers, 203.0.113.0/24
        FwMark = 0x7/0xff
        KillSwitch = on
        User       = nobody
        Workers    = 2
        Offload    = off
        Keepalive  = 10s,3

        [Peer]
        Name       = b
        Endpoint   = 111.112.100.86        # or a host name
        AllowedIPs = 111.112.100.0/24      # what is routed to it
        AllowedIPs = 10.1.0.0/16,10.2.0.0/16
        Probe      = 10.1.0.1

        [Peer]
        Endpoint   = host.example.com
        AllowedIPs = 10.0.0.0/8
        """

    @Test func `every key has its place`() throws {
        let peers = [
            PeerSettings(
                name: "b", endpoint: .address(IPv4Address(111, 112, 100, 86)),
                allowed: ["111.112.100.0/24", "10.1.0.0/16", "10.2.0.0/16"].compactMap { Prefix($0) },
                probe: IPv4Address(10, 1, 0, 1)),
            PeerSettings(endpoint: .name("host.example.com"), allowed: ["10.0.0.0/8"].compactMap { Prefix($0) }),
        ]
        var expected = TunnelSettings(peers: peers)
        expected.addresses = ["111.112.100.87", "10.0.0.1", "10.9.0.1 peer 10.9.0.2"].compactMap {
            InterfaceAddress($0)
        }
        expected.local = IPv4Address(192, 0, 2, 7)
        expected.device = DeviceName("tunl-b")
        expected.mtu = 1400
        expected.keepalive = Keepalive(seconds: 10, misses: 3)
        expected.policy.outer.ttl = .inherit
        expected.policy.outer.fragmentation = .copy
        expected.policy.outer.dscp = .fixed(46)
        expected.policy.outer.ecn = .compatible
        expected.policy.minimumTTL = 254
        expected.policy.clamp = .fixed(1200)
        expected.policy.local = expected.local
        expected.policy.acceptance = .also(["203.0.113.0/24"].compactMap { Prefix($0) })
        expected.table = .number(51_820)
        expected.proxyARP = try ProxyARP(device: #require(DeviceName("eth0")), scope: .networks)
        expected.forward = .connected
        expected.mark = PacketMark(0x7, mask: 0xff)
        expected.killSwitch = .on
        expected.user = "nobody"
        expected.workers = .fixed(2)
        expected.offload = .off
        let parsed = try settings(ConfigurationTextTests.example)
        #expect(parsed == expected)
        #expect(parsed.peers.map(\.place) == [24, 31].map { .file("f", line: $0, column: 1) })
    }

    @Test(arguments: [
        "[Peer]\nEndpoint=b", "[peer]\nENDPOINT = b\n", "[ Peer ] # the other end\r\n\tendpoint\t=\tb\t# b\r\n",
        "\u{FEFF}# ä\n\n[Peer]\n  Endpoint = b   \n#", "[Interface]\n[Peer]\nEndpoint = b",
        "\n\n[PEER]\nEndpoint = b\n\n",
    ])
    func `capitals, white space, comments, line ends and a BOM make no difference`(text: String) throws {
        #expect(try settings(text) == TunnelSettings(peers: [PeerSettings(endpoint: .name("b"))]))
    }

    @Test func `a number sign inside of a word is no comment`() throws {
        let parsed = try settings("[Interface]\n[Peer]\nEndpoint = b #c")
        #expect(parsed.peers.first?.endpoint == .name("b"))
        // No value has one; what was written is what is refused, whole.
        for (line, word) in [("Netns = a#b", "Netns 'a#b'"), ("Device =#1", "Device '#1'")] {
            let mistake = #expect(throws: Complaint.self) { try settings("[Interface]\n\(line)\n[Peer]\nEndpoint = b") }
            #expect(mistake?.description.contains(word) == true, "\(String(describing: mistake))")
        }
    }

    @Test(
        arguments: [
            ("x", "f:1:1: 'x': neither [Section] nor Key = value; a comment begins with #"),
            ("MTU = 1400", "f:1:1: 'MTU': stands before any section; begin with [Interface]"),
            ("Name = b\nName = c", "f:1:1: 'Name': stands before any section; begin with [Peer]"),
            ("[Interfaec]\nx = y", "f:1:1: [Interfaec]: there is no such section; did you mean 'Interface'?"),
            ("[wireguard]", "f:1:1: [wireguard]: there is no such section; there are Interface, Peer"),
            (" [Peer", "f:1:2: '[Peer': does not end with ']'; write [Interface] or [Peer]"),
            ("[Interface]\n[Interface]", "f:2:1: [Interface]: is there already (f:1:1); put both together"),
            ("[Interface]\n  MUT = 1", "f:2:3: 'MUT': there is no such key in [Interface]; did you mean 'MTU'?"),
            ("[Interface]\nEndpoint = b", "f:2:1: Endpoint: belongs into [Peer]; put it there"),
            ("[Peer]\nEndpoint = b\nmtu = 1", "f:3:1: MTU: belongs into [Interface]; put it there"),
            ("[Interface]\nMTU =", "f:2:6: MTU: has no value; give it one, or leave it out"),
            ("[Interface]\nMTU = # auto", "f:2:6: MTU: has no value; give it one, or leave it out"),
            (
                "[Interface]\nMTU = 1400\n[Peer]\nEndpoint = b\n[Interface]\nMTU = 1",
                "f:5:1: [Interface]: is there already (f:1:1); put both together"
            ),
            ("[Interface]\nMTU = 1400\nmtu = 1400", "f:3:1: MTU: is there already (f:2:1); leave one of them out"),
            ("[Peer]\nEndpoint=b\nEndpoint=c", "f:3:1: Endpoint: is there already (f:2:1); leave one of them out"),
            (
                "[Peer]\nEndpoint=b\nAllowedIPs = 10.0.0.0/8 ,, 1.0.0.0/8",
                "f:3:26: AllowedIPs: has nothing between two commas; leave a comma out"
            ),
            ("[Interface]\nTTL =\t0", "f:2:7: TTL '0': neither 1 to 255 nor 'inherit'; the default is 64"),
            ("[Interface]\nMTU = 1\0", "f:2:8: the line: holds a NUL; is it a text file?"),
            ("[Interface]\rMTU = 1\n", "f:1:12: the line: holds the control character 13; is it a text file?"),
        ] as [(String, String)])
    func `a mistake is said with its place`(text: String, complaint: String) {
        #expect(mistakes(text).first == complaint)
    }

    @Test func `columns count characters, not octets`() {
        #expect(mistakes("[Interface]\nNetns = ä/ö").first?.hasPrefix("f:2:9: Netns 'ä/ö'") == true)
        #expect(mistakes("[Peer]\nEndpoint = b\nAllowedIPs = ä, 1").map { $0.prefix(7) } == ["f:3:14:", "f:3:17:"])
    }

    @Test(arguments: [("FF", 1), ("C3 A4 C3", 2), ("C3 A4 62 E2 82 63", 3)])
    func `what is not UTF-8 is named with its place`(hex: String, column: Int) {
        let octets = hex.split(separator: " ").compactMap { UInt8($0, radix: 16) }
        let draft = ConfigurationText.read(Array("[Interface]\n".utf8) + octets + [0x0A], file: "f")
        #expect(draft.mistakes.map(\.place) == [.file("f", line: 2, column: column)])
        #expect(draft.mistakes.first?.complaint.why == "is not UTF-8")
    }

    @Test func `a line may not be endless, but the rest of the file is read`() throws {
        let long = "#" + String(repeating: "x", count: ConfigurationText.lineLimit)
        #expect(mistakes("[Peer]\n\(long)\nEndpoint = !").map { $0.prefix(4) } == ["f:2:", "f:3:"])
        #expect(try settings("[Peer]\n\(long.dropLast())\nEndpoint = b").peers.count == 1)
    }

    @Test func `a file may not be endless`() {
        let octets = [UInt8](repeating: UInt8(ascii: "\n"), count: ConfigurationText.sizeLimit + 1)
        #expect(ConfigurationText.read(octets, file: "f").mistakes.map(\.complaint.why) == ["longer than 64 MiB"])
    }

    @Test func `of endless mistakes the first ones are kept`() {
        #expect(mistakes(String(repeating: "x\n", count: 1_000)).count == Draft.mistakeLimit)
    }

    @Test func `all mistakes of a file are found, in order`() {
        let found = mistakes(
            """
            [Interface]
            MTU = x
            Endpoint = b
            [Peer]
            AllowedIPs = 10.0.0.1/8, 10.0.0.0/8
            Endpiont = b
            [Peer]
            Endpoint = b
            AllowedIPs = 10.0.0.0/8, 10.0.0.0/8
            """)
        #expect(found.map { $0.prefix(7) } == ["f:2:7: ", "f:3:1: ", "f:5:14:", "f:6:1: ", "f:9:26:"])
    }
}
