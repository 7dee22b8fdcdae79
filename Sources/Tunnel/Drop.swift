// SPDX-License-Identifier: Apache-2.0

/// Why a packet was discarded.
///
/// Every packet that is not delivered is counted under exactly one of these. Raw values index ``Counters``: append only.
/// ``Drop/name`` is what `show` prints.
public enum Drop: UInt8, Error, CaseIterable, Sendable {
    // The inner packet, in either direction.

    /// Shorter than an IPv4 header, or than the header it says it has (RFC 791 §3.1).
    case truncated
    /// The version nibble is neither 4 nor 6.
    case notIP
    /// An IPv6 packet: this tunnel carries IPv4 in IPv4.
    case innerIPv6
    /// The header length field is below 5 words (RFC 791 §3.1).
    case headerLength
    /// The total length is below the header length or above what arrived (RFC 791 §3.1).
    case totalLength
    /// The TTL is 0: the packet had no right to travel on (RFC 1122 §3.2.1.7, RFC 2003 §3.1).
    case ttlZero

    // Encapsulation.

    /// Routed into the device, but no peer's AllowedIPs hold its destination.
    case noPeer
    /// Our own outer packet came back out of the device: the peer is routed into its own tunnel (RFC 2003 §3.2).
    case loop
    /// It comes from the very peer that it would be sent to (RFC 2003 §3.2).
    case returning
    /// No outer header could express its length.
    case tooLong
    /// The kernel left work to do that it was not asked to leave: a superpacket, or a checksum outside of the packet.
    case offload
    /// The host has no route to the peer, or the network says that the peer cannot be reached.
    case unreachable
    /// Longer than the MTU of the interface towards the peer allows (EMSGSIZE).
    case exceedsMTU
    /// The host was out of buffers: its own queue towards the network is full (ENOBUFS).
    case noBuffers
    /// The host itself forbade sending: a firewall rule on output (EPERM, EACCES).
    case forbidden
    /// Sending failed for another reason.
    case sendFailed

    // Decapsulation.

    /// The outer header makes no sense.
    case outerMalformed
    /// A fragment of an outer packet, which the kernel should have put together.
    case outerFragment
    /// The outer source is no peer: a stranger (RFC 4213 §3.6).
    case notPeer
    /// From a peer, but to another address of this host than the one given as local.
    case notLocal
    /// The inner header checksum is wrong (RFC 1071).
    case innerChecksum
    /// The inner source is outside of that peer's AllowedIPs.
    case innerSource
    /// An address that no packet from elsewhere may have: 0/8, 127/8, or as a source 224/4, 240/4 (RFC 1122 §3.2.1.3).
    case martian
    /// Our own tunnel, inside of our own tunnel (RFC 2003 §3.2).
    case nested
    /// The network marked congestion on a packet whose sender cannot hear of it (RFC 6040 §4.2).
    case congestionUnsignalled
    /// The TUN device is not up (EIO).
    case deviceDown
    /// The TUN device refused it (EINVAL).
    case writeRejected
    /// Writing failed for another reason.
    case writeFailed

    // Since the second version of this list.

    /// Longer than the way to the peer takes, and not to be cut: its sender was told (RFC 2003 §5.1).
    case fragmentationNeeded
    /// It goes the way that this tunnel was told not to carry: it only encapsulates, or only decapsulates.
    case oneWay
    /// The outer TTL says that it came from further away than the peer may be (RFC 5082 §3).
    case outerTTL
    /// The inner source is an address of this host.
    case ownSource
    /// For a group of the link, 224.0.0.0/24, that the peer's AllowedIPs do not hold (RFC 5771 §4).
    case linkLocalGroup
    /// UDP datagrams that the kernel merged on reception: how long each was is lost, so that they cannot be told apart.
    case mergedDatagrams
    /// For a peer that was given by a name, which has no address yet: its sender was told that the host is unreachable.
    case unresolved
    /// For a peer to which there was no route yet, so that no address of ours is known to send from: its sender was told.
    case noLocal
    /// Multicast or broadcast that no peer's AllowedIPs hold: mDNS, IGMP and the like, which go out of every
    /// device.
    case noPeerMulticast
}

extension Drop {
    /// The name as commands and metrics print it: `not-peer`.
    public var name: String {
        var kebab = ""
        var previous: Character = "-"
        for character in String(describing: self) {
            if character.isUppercase, previous.isLowercase { kebab.append("-") }
            kebab.append(contentsOf: character.lowercased())
            previous = character
        }
        return kebab
    }
}
