// SPDX-License-Identifier: Apache-2.0

extension Netfilter {
    /// The part of a packet, or of its connection, that a condition compares.
    package enum Field: Equatable, Sendable {
        case version
        case protocolNumber
        case source
        case destination
        case inputDevice
        case outputDevice
        /// The bridge that a frame arrived by, or leaves by (`meta ibrname`, `meta obrname`).
        case inputBridge
        case outputBridge
        case mark
        case connectionState
        case connectionDirection
        case connectionStatus
        /// The addresses of the connection's first packet, as they were before NAT (`ct original ip saddr`).
        case originalSource
        case originalDestination
        /// The helper of connection tracking; only connections of TCP and UDP have one.
        case helper
        /// The kind of route to an address (`fib daddr type`, `-m addrtype`).
        case sourceType
        case destinationType
        /// The same, where the lookup is limited to the input device (`fib daddr . iif type`).
        case destinationTypeAtDevice
        /// Unicast, broadcast or multicast on the link (`meta pkttype`).
        case packetType
        /// Whether the route back to the source leaves by the input device (`fib saddr . iif oif`, `-m rpfilter`).
        case returnPath
        /// A VLAN tag that the device has not removed.
        case vlan
        /// Any other field: its name.
        case other(String)
    }

    package enum Value: Equatable, Sendable {
        /// Numbers and addresses, host byte order.
        case numbers(ClosedRange<UInt32>)
        /// A number of which only the bits of the mask count.
        case masked(mask: UInt32, value: UInt32)
        /// A device; a star at its end stands for any rest.
        case device(String)
        case state(ConnectionState)
        /// A keyword of nft or iptables in lower case, such as `local`, `dnat` or `reply`.
        case word(String)
        /// Whether there is such a thing at all (`exists`, `missing`).
        case exists(Bool)
        /// Everything (`*`).
        case anything
        /// A value that is not understood.
        case unknown(String)
    }

    /// The kind of the route to an address, as the kernel's routing tables have it (rtnetlink(7)).
    package enum AddressType: String, Sendable, CaseIterable {
        case local
        case unicast
        case broadcast
        case multicast
        case anycast
        case blackhole
        case unreachable
        case prohibit
    }
}

extension Netfilter.Field {
    /// The field's name in nft(8), for messages.
    package var name: String {
        switch self {
        case .version: "meta nfproto"
        case .protocolNumber: "the protocol"
        case .source: "ip saddr"
        case .destination: "ip daddr"
        case .inputDevice: "the input interface"
        case .outputDevice: "the output interface"
        case .inputBridge: "meta ibrname"
        case .outputBridge: "meta obrname"
        case .mark: "meta mark"
        case .connectionState: "ct state"
        case .connectionDirection: "ct direction"
        case .connectionStatus: "ct status"
        case .originalSource: "ct original ip saddr"
        case .originalDestination: "ct original ip daddr"
        case .helper: "ct helper"
        case .sourceType: "fib saddr type"
        case .destinationType: "fib daddr type"
        case .destinationTypeAtDevice: "fib daddr . iif type"
        case .packetType: "meta pkttype"
        case .returnPath: "fib saddr . iif oif"
        case .vlan: "vlan"
        case .other(let name): name
        }
    }
}
