// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Routes in lists: what has one next hop by IPv4 is written as versions before read it.
extension Route: Codable {
    private enum CodingKeys: String, CodingKey {
        case destination, gateway, link, source, protocolNumber, metric, isOnLink, table, kind, hops, mtu
    }

    /// Reads what ``encode(to:)`` wrote, or a version before.
    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let kind = try values.decode(Kind.self, forKey: .kind)
        var hops = try values.decodeIfPresent([NextHop].self, forKey: .hops) ?? []
        if hops.isEmpty, kind == .unicast {
            let gateway = try values.decodeIfPresent(IPv4Address.self, forKey: .gateway)
            let isOnLink = try values.decode(Bool.self, forKey: .isOnLink)
            hops = [
                NextHop(
                    gateway.map(NextHop.Gateway.ipv4), link: try values.decode(Int32.self, forKey: .link),
                    isOnLink: isOnLink)
            ]
        }
        guard hops.allSatisfy(\.isPossible) else {
            throw DecodingError.dataCorruptedError(forKey: .hops, in: values, debugDescription: "no next hop")
        }
        self.init(
            to: try values.decode(Prefix.self, forKey: .destination), by: hops,
            source: try values.decodeIfPresent(IPv4Address.self, forKey: .source),
            protocolNumber: try values.decode(UInt8.self, forKey: .protocolNumber),
            metric: try values.decode(UInt32.self, forKey: .metric),
            table: try values.decode(UInt32.self, forKey: .table), kind: kind,
            mtu: try values.decodeIfPresent(MTU.self, forKey: .mtu))
    }

    /// Writes all of it.
    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(destination, forKey: .destination)
        try values.encodeIfPresent(source, forKey: .source)
        try values.encode(protocolNumber, forKey: .protocolNumber)
        try values.encode(metric, forKey: .metric)
        try values.encode(table, forKey: .table)
        try values.encode(kind, forKey: .kind)
        try values.encodeIfPresent(mtu, forKey: .mtu)
        try values.encode(link, forKey: .link)
        try values.encode(isOnLink, forKey: .isOnLink)
        try values.encodeIfPresent(gateway, forKey: .gateway)
        guard hops.count > 1 || hops.contains(where: { $0.gateway != nil && $0.ipv4 == nil }) else { return }
        try values.encode(hops, forKey: .hops)
    }
}

extension NextHop {
    /// Whether a list, which another program may have written, says what there can be.
    fileprivate var isPossible: Bool {
        guard (1...256).contains(weight) else { return false }
        if case .ipv6(let octets) = gateway { return octets.count == 16 }
        return true
    }
}
