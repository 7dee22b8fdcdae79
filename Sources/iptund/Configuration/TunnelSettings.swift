// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Tunnel
internal import Wire

/// What somebody asked a tunnel to be: validated values, nothing looked up yet.
struct TunnelSettings: Equatable {
    /// The device, `nil` for the first free `iptunN`.
    var device: DeviceName?
    /// The outer source, `nil` to take what the route to each peer says, and to follow it.
    var local: IPv4Address?
    /// Inner addresses for the device; none is fine.
    var addresses: [InterfaceAddress] = []
    /// The MTU of the device, `nil` for the underlay's less the outer header.
    var mtu: Int?
    /// Where routes to what is behind the peers go.
    var table = RouteTable.automatic
    /// The device on whose network this host answers for what is behind the peers.
    var proxyARP: ProxyARP?
    /// Whether packets are forwarded between the tunnel and the device of `proxyARP`, without ICMP redirects.
    var forward = false
    /// The network namespace that the device goes to, `nil` for the one that the outer packets leave from.
    var namespace: String?
    /// Whether what is behind the peers stays unreachable when the daemon dies.
    var killSwitch = false
    /// Who the daemon becomes, `nil` for `iptund` if there is such a user.
    var user: String?
    /// How many pairs of threads share the flows.
    var workers = WorkerCount.fixed(1)
    /// What the kernel may hand over, and take, in one piece.
    var offload = Offload.automatic
    /// What becomes of packets.
    var policy = TunnelPolicy()
    /// The other ends; none for a tunnel that only decapsulates, from anybody it was told to.
    var peers: [PeerSettings] = []

    /// What `ip tuntap add mode tun dev` would be told to make a device of this name.
    func tuntap(_ name: String) -> String { workers.count > 1 ? "\(name) multi_queue" : name }

    /// The MTU of a device that nothing is sent by, octets: what fits through a tunnel over Ethernet.
    static let defaultMTU = 1_480
    /// What an MTU may be: the least that IPv4 allows (RFC 791 §3.2), the most that fits into an outer packet.
    static let mtuRange = 68...OuterHeader.maximumPayloadLength
}

/// What somebody asked one peer to be.
struct PeerSettings: Equatable {
    /// What people call it, `nil` when they gave no name.
    var name: String?
    /// The other end.
    var endpoint: PeerAddress
    /// What is routed to the peer and taken from it, `nil` for "anything, and no routes", which only a single peer can be.
    var allowed: [Prefix]?
}

/// Where routes into the tunnel go.
enum RouteTable: Equatable {
    /// To the table `main`, or to one of the tunnel's own where a peer itself lies behind them.
    case automatic
    /// Nowhere: somebody else sees to them.
    case off
    /// To this table, which policy rules of somebody else lead to.
    case number(UInt32)
}

/// For whom this host answers ARP requests in place of those behind the peers.
struct ProxyARP: Equatable {
    /// The device that they are asked for on.
    var device: DeviceName
    /// Whether larger blocks count too: the device then answers for whatever is routed elsewhere.
    var scope = Scope.hosts

    /// How far answers go.
    enum Scope: Equatable {
        /// Single addresses, and blocks of fewer than 256.
        case hosts
        /// Blocks of any size, by `proxy_arp` of the device.
        case networks
    }
}

/// How many pairs of threads.
enum WorkerCount: Equatable {
    case fixed(Int)
    /// As many as the host has processors for.
    case automatic

    /// Each has two threads, and 22 MB for packets, of which only what packets touch becomes resident.
    static let maximum = 16

    /// What `automatic` means was not measured with more than two processors, so it is cautious: one for every four, since
    /// each worker keeps two threads busy, and what comes out of the tunnel wants to run too.
    var count: Int {
        switch self {
        case .fixed(let count): count
        case .automatic: min(max(Environment.processorCount / 4, 1), WorkerCount.maximum)
        }
    }
}

/// Whether the kernel may hand over and take several packets as one.
enum Offload: String, CaseIterable {
    case automatic = "auto"
    case off
}

/// The other end of the tunnel, as it was written down.
enum PeerAddress: Equatable {
    case address(IPv4Address)
    case name(String)

    /// Reads an address, or else a host name (RFC 1123 §2.1). `nil` when `text` is neither.
    init?(_ text: String) {
        if let address = IPv4Address(text) {
            self = .address(address)
        } else if PeerAddress.isHostName(text) {
            self = .name(text)
        } else {
            return nil
        }
    }

    /// Labels of letters, digits and hyphens; the last one is not a number, or every mistyped address would be a name.
    private static func isHostName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard text.utf8.count <= 253, let last = labels.last, !last.allSatisfy(\.isNumber) else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        }
    }
}

/// A name that an interface may have, which is also the tunnel's.
struct DeviceName: Equatable, Hashable {
    let text: String

    /// `nil` when the kernel would not take it (`dev_valid_name`), or when it means something else to sysctl or to us.
    init?(_ text: String) {
        let forbidden: Set<Character> = ["/", ":", "%", "@"]
        guard (1...15).contains(text.utf8.count), ![".", "..", "all", "default"].contains(text),
            text.first != "-", text.allSatisfy({ $0.isASCII && !$0.isWhitespace && !forbidden.contains($0) }),
            !text.utf8.contains(where: { $0 < 0x21 || $0 == 0x7f })
        else { return nil }
        self.text = text
    }
}
