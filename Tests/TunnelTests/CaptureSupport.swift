// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Testing
import Tunnel
import Wire

/// The folder of the package, found from the place of this file: Tests/TunnelTests/CaptureSupport.swift.
let packageFolder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

/// The IPv4 packets of a capture file, see Tests/Fixtures/README.md.
///
/// ```
/// file header, 24 octets:   magic  version  zone  accuracy  snap length  link type
/// before each packet, 16:   seconds  microseconds  octets that follow  octets on the wire
/// ```
func capturedPackets(_ name: String) throws -> [[UInt8]] {
    let file = packageFolder.appending(path: "Tests/Fixtures/\(name).pcap")
    let bytes = [UInt8](try Data(contentsOf: file))
    try #require(bytes.count >= 24 && littleEndian(bytes, at: 0) == 0xa1b2_c3d4, "\(name) is a little-endian pcap")
    let linkHeader = try #require([1: 14, 101: 0, 228: 0][littleEndian(bytes, at: 20)], "link type: Ethernet or raw")
    var packets: [[UInt8]] = []
    var offset = 24
    while offset + 16 <= bytes.count {
        let length = littleEndian(bytes, at: offset + 8)
        try #require(length == littleEndian(bytes, at: offset + 12), "\(name) has whole packets")
        let frame = bytes[offset + 16..<offset + 16 + length]
        offset += 16 + length
        // Ethernet: skip ARP and IPv6.
        if linkHeader == 0 || Array(frame.dropFirst(12).prefix(2)) == [0x08, 0x00] {
            packets.append(Array(frame.dropFirst(linkHeader)))
        }
    }
    return packets
}

private func littleEndian(_ bytes: [UInt8], at offset: Int) -> Int {
    (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << ($1 * 8) }
}

/// What the tests compare of an IPv4 packet.
struct HeaderFacts: Equatable {
    let source: IPv4Address
    let destination: IPv4Address
    let carried: IPProtocol
    let trafficClass: UInt8
    let ttl: UInt8
    let dontFragment: Bool
    let payload: [UInt8]

    init(_ bytes: [UInt8]) throws {
        let packet = try IPv4Packet(bytes.octets)
        source = packet.source
        destination = packet.destination
        carried = packet.protocolNumber
        trafficClass = packet.trafficClass
        ttl = packet.ttl
        dontFragment = packet.dontFragment
        payload = octets(packet.payload)
    }
}

/// The two ends of the captured tunnel.
enum Capture {
    /// The Linux that was watched, and its device's address.
    static let kernel = IPv4Address(10, 77, 0, 2)
    static let kernelInside = IPv4Address(172, 31, 0, 2)
    /// The other end, and what all inner packets go to.
    static let us = IPv4Address(10, 77, 0, 1)
    static let usInside = IPv4Address(172, 31, 0, 1)
    /// Whose packets the kernel forwards into the tunnel.
    static let host = IPv4Address(192, 168, 50, 2)

    /// A tunnel in our place: its peer is the kernel.
    static func opposite() throws -> TestTunnel { try tunnel(from: us, to: kernel) }

    /// A tunnel in the place of the kernel's.
    static func inPlace(policy: OuterPolicy = OuterPolicy(), mtu: Int = 1480, pathMTU: Int = 1500) throws -> TestTunnel
    {
        try tunnel(from: kernel, to: us, policy: policy, mtu: mtu, pathMTU: pathMTU)
    }

    private static func tunnel(
        from ours: IPv4Address, to peer: IPv4Address, policy: OuterPolicy = OuterPolicy(), mtu: Int = 1480,
        pathMTU: Int = 1500
    ) throws -> TestTunnel {
        let allowed = try ["172.31.0.0/24", "192.168.50.0/24"].map { try #require(Prefix($0)) }
        let table = try PeerTable([Peer(endpoint: peer, local: ours, acceptance: .localOnly, allowed: allowed)])
        return try TestTunnel(table, policy: policy, mtu: mtu, pathMTU: pathMTU)
    }
}
