// SPDX-License-Identifier: Apache-2.0

internal import CNetlink
internal import Glibc
package import Wire

/// Where packets that take a route are handed to.
package struct NextHop: Hashable, Sendable, Codable {
    /// The router; `nil` when they are handed to the link itself.
    package let gateway: Gateway?
    /// The number of the link that they leave through.
    package let link: Int32
    /// Whether the gateway need not be in a network of the link (`RTNH_F_ONLINK`).
    package let isOnLink: Bool
    /// How many of the flows go there, 1 to 256, where there are several.
    package let weight: Int

    /// A router, which IPv4 packets may be handed to by either family (RFC 8950).
    package enum Gateway: Hashable, Sendable, Codable {
        case ipv4(IPv4Address)
        /// 16 octets.
        case ipv6([UInt8])
    }

    /// A next hop as `ip route add` takes it.
    package init(_ gateway: Gateway?, link: Int32, isOnLink: Bool = false, weight: Int = 1) {
        (self.gateway, self.link, self.isOnLink, self.weight) = (gateway, link, isOnLink, weight)
    }

    /// The router, if it has an IPv4 address.
    package var ipv4: IPv4Address? { if case .ipv4(let address) = gateway { address } else { nil } }
}

extension NextHop.Gateway: CustomStringConvertible {
    /// As `ip route` writes it behind `via`.
    package var description: String {
        switch self {
        case .ipv4(let address): return address.description
        case .ipv6(let octets):
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            let isText = unsafe inet_ntop(AF_INET6, octets, &text, socklen_t(text.count)) != nil
            return isText
                ? "inet6 \(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))" : "inet6 ?"
        }
    }
}

extension NextHop.Gateway {
    /// Reads a `struct rtvia`: a family of 16 bits in this machine's byte order, then an address.
    init?(via octets: [UInt8]) {
        guard octets.count == 18 else { return nil }
        self = .ipv6(Array(octets[2...]))
    }

    /// Reads an address of either family, network byte order.
    init?(address octets: [UInt8]) {
        switch octets.count {
        case 4: self = .ipv4(IPv4Address(rawValue: octets.reduce(0) { $0 << 8 | UInt32($1) }))
        case 16: self = .ipv6(octets)
        default: return nil
        }
    }

    /// The attribute that says it, RTA_GATEWAY or RTA_VIA, and its content.
    fileprivate var attribute: (type: UInt32, octets: [UInt8]) {
        switch self {
        case .ipv4(let address):
            (RTA_GATEWAY.rawValue, [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: address.rawValue >> $0) })
        case .ipv6(let octets): (RTA_VIA.rawValue, FilterBatch.bytes(UInt16(AF_INET6)) + octets)
        }
    }
}

extension NextHop {
    /// Reads a list of `struct rtnexthop`, each with its attributes (RTA_MULTIPATH); `nil` where one says something that a
    /// next hop of ours cannot. Dead ones are left out.
    static func list(_ octets: [UInt8]) -> [NextHop]? {
        var hops: [NextHop] = []
        var rest = octets[...]
        while rest.count >= 8 {
            let head = Array(rest.prefix(8))
            let length = Int(FilterBatch.number(head, at: 0, as: UInt16.self))
            guard length >= 8, length <= rest.count else { return nil }
            let attributes = AttributeList(Array(rest.prefix(length).dropFirst(8)))
            guard attributes[RTA_ENCAP.rawValue] == nil else { return nil }
            let gateway =
                attributes[RTA_GATEWAY.rawValue].flatMap { Gateway(address: $0) }
                ?? attributes[RTA_VIA.rawValue].flatMap { Gateway(via: $0) }
            let flags = Int32(head[2])
            if flags & RTNH_F_DEAD == 0 {
                let link = FilterBatch.number(head, at: 4, as: Int32.self)
                hops.append(
                    NextHop(gateway, link: link, isOnLink: flags & RTNH_F_ONLINK != 0, weight: Int(head[3]) + 1))
            }
            rest = rest.dropFirst((length + 3) & ~3)
        }
        return hops
    }

    /// The same, as one of several.
    private var entry: [UInt8] {
        let attribute = gateway.map(\.attribute)
        let content = attribute?.octets ?? []
        let padded = attribute == nil ? 0 : 4 + (content.count + 3) & ~3
        var entry = FilterBatch.bytes(UInt16(8 + padded)) + [isOnLink ? UInt8(RTNH_F_ONLINK) : 0, UInt8(weight - 1)]
        entry += FilterBatch.bytes(link)
        guard let attribute else { return entry }
        entry += FilterBatch.bytes(UInt16(4 + content.count)) + FilterBatch.bytes(UInt16(attribute.type)) + content
        return entry + [UInt8](repeating: 0, count: -entry.count & 3)
    }

    /// Writes one as attributes of the route, several as a list.
    static func put(_ hops: [NextHop], into request: borrowing Request<rtmsg>) throws(Errno) {
        guard hops.count < 2 else {
            return try request.put(RTA_MULTIPATH.rawValue, hops.flatMap(\.entry))
        }
        guard let hop = hops.first else { return }
        if hop.link != 0 { try request.put(RTA_OIF.rawValue, link: hop.link) }
        if let attribute = hop.gateway?.attribute { try request.put(attribute.type, attribute.octets) }
    }
}

extension FilterBatch {
    /// A number in this machine's byte order.
    static func number<Value: FixedWidthInteger & BitwiseCopyable>(
        _ octets: [UInt8], at index: Int, as type: Value.Type
    ) -> Value {
        precondition(index + MemoryLayout<Value>.size <= octets.count)
        // SAFETY: so many octets are there, by the line above.
        return unsafe octets.withUnsafeBytes { unsafe $0.loadUnaligned(fromByteOffset: index, as: Value.self) }
    }
}
