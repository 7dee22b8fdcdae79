// SPDX-License-Identifier: Apache-2.0

/// What a reason of the kernel for dropping a packet means for a tunnel (`enum skb_drop_reason`).
package struct KernelDropReason: Equatable, Sendable {
    /// The check that looks for its cause.
    package let check: String
    /// The counter of a network namespace that counts such drops too, and perhaps others; none when there is no such.
    package let counter: String?
    package let sentence: String

    private init(_ check: String, _ counter: String?, _ sentence: String) {
        self.check = check
        self.counter = counter
        self.sentence = sentence
    }

    /// By the kernel's name. What is not here has nothing to do with tunnels, or says nothing.
    package static let known: [String: KernelDropReason] = [
        "IP_CSUM": .init("inner.checksum", "IpExt.InCsumErrors", "the checksum of a header is wrong"),
        "IP_INHDR": .init("outer.checksum", "Ip.InHdrErrors", "a header is malformed, or a TTL expired"),
        "IP_RPFILTER": .init("rpfilter.tunnel", "TcpExt.IPReversePathFilter", "the way back is another one"),
        "IP_LOCAL_SOURCE": .init("source.own", nil, "a packet came in with an address of this host as its source"),
        "IP_LOCALNET": .init("source.own", nil, "a packet came in with a loopback address"),
        "IP_INVALID_SOURCE": .init("source.own", nil, "a packet came in with a source that nobody can have"),
        "IP_NOPROTO": .init("peer.absent", "Ip.InUnknownProtos", "nobody takes this protocol"),
        "IP_INADDRERRORS": .init("forwarding.off", "Ip.InAddrErrors", "it is for another host, and is not forwarded"),
        "IP_INNOROUTES": .init("route.return", "IpExt.InNoRoutes", "there is no route to its destination or source"),
        "IP_OUTNOROUTES": .init("route.underlay", "Ip.OutNoRoutes", "there is no route to its destination"),
        "NETFILTER_DROP": .init("netfilter.*", nil, "a rule of the packet filter dropped it"),
        "PKT_TOO_BIG": .init("mtu.path", "Ip.FragFails", "it is too long for the next link"),
        "PKT_TOO_SMALL": .init("inner.source", "Ip.InTruncatedPkts", "it is shorter than its header says"),
        "FULL_RING": .init("queue.overflow", nil, "the queue of a TUN device is full"),
        "NEIGH_FAILED": .init("proxy.missing", nil, "nobody answered ARP for it"),
        "NEIGH_QUEUEFULL": .init("proxy.missing", nil, "nobody has answered ARP for it yet"),
        "SOCKET_RCVBUFF": .init("receive.overflow", nil, "a socket had no room for it"),
        "PROTO_MEM": .init("receive.overflow", nil, "sockets of its protocol have used up their memory"),
        "FRAG_REASM_TIMEOUT": .init("reassembly.failed", "Ip.ReasmTimeout", "not all of its fragments came"),
        "DUP_FRAG": .init("reassembly.failed", "Ip.ReasmFails", "a fragment came twice"),
    ]
}
