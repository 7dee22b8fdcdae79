// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Tunnel
internal import Wire

/// What somebody asked a tunnel to be: validated values, nothing looked up yet.
struct TunnelSettings: Equatable {
    /// The other end; `nil` for a tunnel that only decapsulates, from anybody it was told to.
    var peer: PeerAddress?
    /// The outer source, `nil` to take what the route to the peer says.
    var local: IPv4Address?
    /// The device, `nil` for the first free `iptunN`.
    var device: DeviceName?
    /// Inner addresses for the device; none is fine.
    var addresses: [InterfaceAddress] = []
    /// What is routed to the peer and taken from it, `nil` for "anything, and no routes".
    var allowed: [Prefix]?
    /// The MTU of the device, `nil` for the underlay's less the outer header.
    var mtu: Int?
    /// How many pairs of threads share the flows.
    var workers = 1
    /// What becomes of packets.
    var policy = TunnelPolicy()

    /// What `ip tuntap add mode tun dev` would be told to make a device of this name.
    func tuntap(_ name: String) -> String { workers > 1 ? "\(name) multi_queue" : name }

    /// The MTU of a device that nothing is sent by, octets: what fits through a tunnel over Ethernet.
    static let defaultMTU = 1_480
    /// Each has two threads, and 22 MB for packets, of which only what packets touch becomes resident.
    static let maximumWorkers = 16
    /// What an MTU may be: the least that IPv4 allows (RFC 791 §3.2), the most that fits into an outer packet.
    static let mtuRange = 68...OuterHeader.maximumPayloadLength
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
