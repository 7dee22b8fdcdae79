// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire
@testable import Configuration

/// Values that are fine alone, and wrong together.
@Suite struct InterpretationTests {
    /// A file with these lines about the tunnel, and a peer of prefixes.
    private func file(_ interface: String, peers: String = "[Peer]\nEndpoint = b\nAllowedIPs = 10.0.0.0/8") -> String {
        "[Interface]\n\(interface)\n\(peers)"
    }

    @Test(arguments: [
        "AllowedIPs = 10.0.0.0/8\n[Peer]\nEndpoint = c\nAllowedIPs = 10.1.0.0/16, 0.0.0.0/0, 10.1.2.3",
        "AllowedIPs = 192.0.2.0/24", "AllowedIPs = 0.0.0.0/0",
    ])
    func `nested prefixes are legal, also around a peer`(lines: String) throws {
        _ = try settings("[Peer]\nEndpoint = 192.0.2.1\n\(lines)")
    }

    @Test func `the same prefix at two peers names both`() {
        let found = mistakes(
            "[Peer]\nName = one\nEndpoint = b\nAllowedIPs = 10.0.0.0/8\n[Peer]\nEndpoint = c\nAllowedIPs = 10.0.0.0/8")
        #expect(
            found == [
                "f:7:14: AllowedIPs '10.0.0.0/8': is what peer 'one' has already (f:4:14); "
                    + "a packet can go to one of them only; a part of it is fine"
            ])
    }

    @Test func `the same prefix twice at one peer, however it is written`() {
        #expect(
            mistakes("[Peer]\nEndpoint = b\nAllowedIPs = 10.0.0.1\nAllowedIPs = 10.0.0.1/32") == [
                "f:4:14: AllowedIPs '10.0.0.1/32': given twice (f:3:14); give it once"
            ])
    }

    @Test func `two peers at one address, or at one name`() {
        for (one, other) in [("192.0.2.1", "192.0.2.1"), ("b.example", "B.example")] {
            let found = mistakes(
                "[Peer]\nEndpoint = \(one)\nAllowedIPs = 10.1.0.0/16\n[Peer]\nEndpoint = \(other)\nAllowedIPs = 10.2.0.0/16"
            )
            #expect(
                found == [
                    "f:5:12: Endpoint '\(other)': is where another peer is already (f:2:12); "
                        + "write the AllowedIPs of both into one [Peer]"
                ])
        }
    }

    @Test func `two peers of one name`() {
        let found = mistakes(
            """
            [Peer]
            Name = x
            Endpoint = b
            AllowedIPs = 10.1.0.0/16
            [Peer]
            Name = x
            Endpoint = c
            AllowedIPs = 10.2.0.0/16
            """)
        #expect(
            found == ["f:6:8: Name 'x': is what another peer is called already (f:2:8); call them differently"])
    }

    @Test func `of several peers each says what is behind it`() {
        let found = mistakes(
            "[Peer]\nEndpoint = b\n[Peer]\nEndpoint = c\nAllowedIPs = 10.0.0.0/8\n[Peer]\nEndpoint = 192.0.2.1")
        let end =
            "has no AllowedIPs, and there are 3 peers to choose from; say which prefixes are behind it; "
            + "only a single peer can do without"
        #expect(found == ["f:1:1: peer 'b': \(end)", "f:6:1: peer '192.0.2.1': \(end)"])
    }

    @Test func `a peer's outer address is not behind it`() {
        #expect(
            mistakes("[Peer]\nEndpoint = 192.0.2.1\nAllowedIPs = 10.0.0.0/8, 192.0.2.1") == [
                "f:3:26: AllowedIPs '192.0.2.1': is the peer's outer address, which the tunnel itself is sent to; "
                    + "leave it out, or give an inner address"
            ])
    }

    @Test func `what is asked for a sign of life lies behind the peer`() throws {
        let peer = "[Peer]\nEndpoint = 192.0.2.1\nAllowedIPs = 10.0.0.0/8, 10.9.0.0/16"
        #expect(
            mistakes("\(peer)\nProbe = 11.0.0.1") == [
                "f:4:9: Probe '11.0.0.1': lies in none of this peer's AllowedIPs; "
                    + "give an inner address at the peer, or add it there"
            ])
        #expect(try settings("\(peer)\nProbe = 10.9.0.1").peers.first?.probe == IPv4Address(10, 9, 0, 1))
        #expect(try settings("[Peer]\nEndpoint = 192.0.2.1\nProbe = 11.0.0.1").peers.first?.probe != nil)
    }

    /// A question to any of them would be answered here, or by no host.
    @Test(
        arguments: [
            ("10.9.0.1/30", "10.9.0.1", "is this host's own address (10.9.0.1/30)"),
            ("10.9.0.1/30", "10.9.0.0", "is the address of the network 10.9.0.0/30, and no host's"),
            ("10.9.0.1/30", "10.9.0.3", "is the broadcast address of 10.9.0.0/30"),
            ("10.9.0.1/32", "10.9.0.1", "is this host's own address (10.9.0.1/32)"),
        ])
    func `Probe is no address of this host, nor of a network as a whole`(own: String, probe: String, why: String) {
        let text =
            "[Interface]\nAddress = \(own)\n[Peer]\nEndpoint = 192.0.2.1\nAllowedIPs = 10.9.0.0/24\nProbe = \(probe)"
        #expect(mistakes(text) == ["f:6:9: Probe '\(probe)': \(why); give an inner address at the peer"])
    }

    @Test func `of a network of two both addresses are hosts'`() throws {
        let text = "[Interface]\nAddress = 10.9.0.0/31\n[Peer]\nEndpoint = 192.0.2.1\nProbe = 10.9.0.1"
        #expect(try settings(text).peers.first?.probe == IPv4Address(10, 9, 0, 1))
    }

    @Test func `a peer has to be somewhere`() {
        #expect(
            mistakes("[Peer]\nName = b") == [
                "f:1:1: [Peer]: has no Endpoint; say where it is: 'Endpoint = 192.0.2.1', or a host name"
            ])
        // A key that nobody knows may have been meant to say so.
        #expect(mistakes("[Peer]\nEndpiont = b").count == 1)
    }

    @Test func `without a peer a tunnel can only take packets, and must be told from whom`() throws {
        #expect(try settings("[Interface]\nOnly = decapsulate\nAcceptFrom = any").peers.isEmpty)
        for text in ["", "[Interface]\nOnly = decapsulate", "[Interface]\nAcceptFrom = any"] {
            #expect(
                mistakes(text) == [
                    "f:1:1: there is no [Peer]: a tunnel needs another end; say where it is; "
                        + "only 'Only = decapsulate' with 'AcceptFrom = PREFIX' works without"
                ])
        }
    }

    @Test(arguments: [
        ("Only = decapsulate\nTTL = 64", "f:3:7: TTL", "Only = decapsulate"),
        ("Only = decapsulate\nDF = set", "f:3:6: DF", "Only = decapsulate"),
        ("Only = decapsulate\nDSCP = 4", "f:3:8: DSCP", "Only = decapsulate"),
        ("Only = decapsulate\nECN = normal", "f:3:7: ECN", "Only = decapsulate"),
        ("Only = encapsulate\nMinTTL = 255", "f:3:10: MinTTL", "Only = encapsulate"),
        ("Only = encapsulate\nKeepalive = 10s", "f:3:13: Keepalive", "Only = encapsulate"),
        ("AcceptFrom = any\nOnly = encapsulate", "f:2:14: AcceptFrom", "Only = encapsulate"),
        ("Table = off\nKillSwitch = yes", "f:3:14: KillSwitch", "Table = off"),
    ])
    func `what does nothing beside something else is refused`(lines: String, what: String, other: String) {
        #expect(mistakes(file(lines)) == ["\(what): does nothing with \(other); leave one of them out"])
    }

    @Test(arguments: [
        ("Table = 7", "f:2:9: Table"), ("KillSwitch = on", "f:2:14: KillSwitch"),
        ("ProxyARP = eth0", "f:2:12: ProxyARP"),
    ])
    func `what is about prefixes needs some`(line: String, what: String) throws {
        #expect(
            mistakes(file(line, peers: "[Peer]\nEndpoint = b")) == [
                "\(what): does nothing without AllowedIPs; say what is behind the peer, or leave it out"
            ])
        _ = try settings(file(line))
    }

    @Test(arguments: [("ProxyARP = eth0", "ProxyARP"), ("Forward = yes", "Forward")])
    func `what is about this namespace does not go with another`(line: String, key: String) throws {
        let found = mistakes(file("Netns = x\n\(line)"))
        #expect(found.count == 1)
        #expect(
            found.first?.contains(": \(key): is about the device's own namespace, which is another one with Netns; ")
                == true)
        _ = try settings(file("Netns = x\nForward = no\nKillSwitch = yes\nTable = 5"))
    }

    @Test func `what is there by default may be written down`() throws {
        let text = file(
            "Local = auto\nMTU = auto\nTTL = 64\nDF = set\nDSCP = inherit\nECN = normal\nMSSClamp = auto\nTable = auto\n"
                + "Forward = no\nAcceptFrom = peers\nKillSwitch = off\nWorkers = 1\nOffload = auto\nKeepalive = off",
            peers: "[Peer]\nEndpoint = b")
        #expect(try settings(text) == TunnelSettings(peers: [PeerSettings(endpoint: .name("b"))]))
    }

    @Test func `the same address twice is refused`() {
        #expect(
            mistakes(file("Address = 10.0.0.1, 10.0.0.1/32")) == [
                "f:2:21: Address '10.0.0.1/32': given twice; give it once"
            ])
    }

    @Test func `peers that were written at different places may be equal`() throws {
        let (one, other) = (try settings("[Peer]\nEndpoint = b"), try settings("\n[Peer]\nEndpoint = b"))
        #expect(one == other)
        #expect(one.peers[0].place != other.peers[0].place)
    }

    @Test func `ten thousand peers are read in a time that nobody notices`() throws {
        let text = (0..<10_000).map { number in
            let (high, low) = (number / 250, number % 250 + 1)
            return "[Peer]\nName = p\(number)\nEndpoint = 192.\(high).2.\(low)\nAllowedIPs = 10.\(high).\(low).0/24\n"
        }.joined()
        let clock = ContinuousClock()
        var found: TunnelSettings?
        let time = try clock.measure { found = try settings(text) }
        #expect(found?.peers.count == 10_000)
        // A release build needs a twentieth of a debug build's time; what is quadratic would need minutes.
        #expect(time < .seconds(30))
    }
}
