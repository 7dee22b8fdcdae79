// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What somebody asked a tunnel to be: validated values, nothing looked up yet.
package struct TunnelSettings: Equatable, Sendable {
    /// The device, `nil` for the first free `iptunN`.
    package var device: DeviceName?
    /// The outer source, `nil` to take what the route to each peer says, and to follow it.
    package var local: IPv4Address?
    /// Inner addresses for the device; none is fine.
    package var addresses: [InterfaceAddress] = []
    /// The MTU of the device, `nil` for the underlay's less the outer header.
    package var mtu: Int?
    /// Where routes to what is behind the peers go.
    package var table = RouteTable.automatic
    /// The device on whose network this host answers for what is behind the peers.
    package var proxyARP: ProxyARP?
    /// Between which devices packets are forwarded, without ICMP redirects where `proxyARP` has hosts send to us.
    package var forward = Forwarding.off
    /// The network namespace that the device goes to, `nil` for the one that the outer packets leave from.
    package var namespace: String?
    /// What outer packets are marked with, `nil` for a mark that no other tunnel of this host has.
    package var mark: PacketMark?
    /// What may leave this host by the tunnel only.
    package var killSwitch = KillSwitch.off
    /// Who the daemon becomes, `nil` for `iptund` if there is such a user.
    package var user: String?
    /// How many pairs of threads share the flows.
    package var workers = WorkerCount.fixed(1)
    /// What the kernel may hand over, and take, in one piece.
    package var offload = Offload.automatic
    /// When silent peers are asked for a sign of life, `nil` for never.
    package var keepalive: Keepalive?
    /// What becomes of packets.
    package var policy = TunnelPolicy()
    /// The other ends; none for a tunnel that only decapsulates, from anybody it was told to.
    package var peers: [PeerSettings] = []

    /// Settings that leave everything but the peers to be found out.
    package init(peers: [PeerSettings] = []) { self.peers = peers }

    /// The MTU of a device that nothing is sent by, octets: what fits through a tunnel over Ethernet.
    package static let defaultMTU = 1_480
    /// What an MTU may be: the least that IPv4 allows (RFC 791 §3.2), the most that fits into an outer packet.
    package static let mtuRange = 68...OuterHeader.maximumPayloadLength
}
