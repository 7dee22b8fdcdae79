// SPDX-License-Identifier: Apache-2.0

extension Drop {
    /// What happened, in one sentence, and what to look at.
    public var explanation: (sentence: String, hint: String) {
        switch self {
        case .truncated: ("the inner packet is shorter than its header", "a broken or hostile sender")
        case .notIP: ("the inner packet is neither IPv4 nor IPv6", "a broken or hostile sender")
        case .innerIPv6: ("the inner packet is IPv6", "this tunnel carries IPv4 only; route IPv6 elsewhere")
        case .headerLength: ("the inner header length is below 20 octets", "a broken or hostile sender")
        case .totalLength: ("the inner total length does not fit what arrived", "a broken or hostile sender")
        case .ttlZero: ("the inner TTL is 0", "a broken or hostile sender")
        case .noPeer: ("no peer's AllowedIPs hold the inner destination", "add the destination to AllowedIPs")
        case .loop:
            ("an outer packet of this host came back to it", "add a route to the peer that avoids the tunnel device")
        case .returning: ("it came from the peer it would be sent to", "ip route get PEER-SIDE-ADDRESS on this host")
        case .tooLong: ("an outer packet cannot be that long", "lower the MTU of the tunnel device")
        case .offload: ("the device left a checksum or segmentation undone", "ethtool -k DEVICE: turn offloads off")
        case .unreachable: ("the peer cannot be reached", "ip route get PEER")
        case .exceedsMTU:
            ("longer than the underlay's MTU", "did the MTU fall just now? else see 'ip link', 'ip route'")
        case .noBuffers: ("the host's send queue is full", "the underlay is slower than the traffic")
        case .forbidden:
            ("the host's firewall, or an IPsec policy, forbids sending", "nft list ruleset; ip xfrm policy")
        case .sendFailed: ("the host refuses it for another reason", "ip route get PEER; nft list ruleset")
        case .outerMalformed: ("the outer header makes no sense", "a broken or hostile sender")
        case .outerFragment: ("a fragment of an outer packet", "the kernel should reassemble; check its version")
        case .notPeer: ("from an address that is no peer", "the peer's address changed, or a stranger tries")
        case .notLocal: ("from a peer, to another of our addresses", "the peer must send to the address given as local")
        case .innerChecksum: ("the inner header checksum is wrong", "corrupted on the way, or a broken sender")
        case .innerSource: ("the inner source is outside of the peer's AllowedIPs", "add it there, or the peer spoofs")
        case .martian: ("an inner address that no packet may have", "a broken or hostile sender")
        case .nested: ("our own tunnel inside of itself", "a route at the peer sends our outer packets back to us")
        case .congestionUnsignalled: ("congestion marked on a packet that cannot say so", "a router marks wrongly")
        case .deviceDown: ("the tunnel device is not up", "ip link set DEVICE up")
        case .writeRejected: ("the tunnel device refused the packet", "please report it, with 'ip -d link show DEVICE'")
        case .writeFailed: ("writing to the tunnel device failed", "is the host out of memory?")
        case .fragmentationNeeded: ("too long for the way to the peer, and DF is set", "its sender was told the MTU")
        case .oneWay: ("this tunnel carries the other way only", "it was started with --only")
        case .outerTTL: ("it came from further away than --min-ttl allows", "the peer must send with --ttl 255")
        case .ownSource: ("its inner source is an address of this host", "a loop, a spoofer, or one address used twice")
        case .mergedDatagrams:
            ("the network card merged UDP datagrams", "ethtool -K UNDERLAY rx-udp-gro-forwarding off rx-gro-list off")
        case .linkLocalGroup:
            ("for a group of the link that AllowedIPs do not hold", "add 224.0.0.0/24 for OSPF and such")
        case .unresolved: ("the peer's name has no address yet", "getent ahostsv4 NAME")
        case .noPeerMulticast:
            ("multicast that no peer's AllowedIPs hold", "nothing to do; add 224.0.0.0/4 if a peer is to get it")
        case .noLocal: ("no route to the peer yet, which would tell our own address", "ip route get PEER")
        }
    }
}
