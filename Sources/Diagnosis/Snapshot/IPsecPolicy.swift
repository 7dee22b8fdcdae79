// SPDX-License-Identifier: Apache-2.0

package import Wire

/// An IPsec policy, as far as it matters to outer packets.
package struct IPsecPolicy: Equatable, Sendable {
    /// Which way the packets go.
    package var direction: Direction
    /// What becomes of them.
    package var action: Action
    /// Whom they are from, and to.
    package var source: Prefix, destination: Prefix
    /// Only those of this protocol; `nil` for all.
    package var ipProtocol: UInt8?
    /// Only those of this link; `nil` for all.
    package var device: String?
    /// The lowest number is asked first.
    package var priority: UInt32 = 0
    /// Whether it may be about outer packets, which have a mark of their own, and about inner ones, which have none.
    package var isForOuter = true, isForInner = false
    /// The command that removes it.
    package var deletion = ""

    /// Which way packets go.
    package enum Direction: String, Sendable {
        case incoming = "in"
        case outgoing = "out"
        case forwarded = "fwd"
    }

    /// What becomes of packets.
    package enum Action: String, Sendable {
        case block, pass, protect
    }

    /// A policy as the kernel would describe it.
    package init(
        _ direction: Direction, _ action: Action, from source: Prefix = .all, to destination: Prefix = .all,
        ipProtocol: UInt8? = nil
    ) {
        (self.direction, self.action, self.ipProtocol) = (direction, action, ipProtocol)
        (self.source, self.destination) = (source, destination)
    }

    /// Whether it is about protocol 4 from one address to another, on this link if it asks for one.
    func concerns(_ source: IPv4Address, _ destination: IPv4Address, by link: String?) -> Bool {
        self.source.contains(source) && self.destination.contains(destination)
            && [nil, IPProtocol.ipip.rawValue].contains(ipProtocol) && (device == nil || device == link)
    }

    /// As `ip xfrm policy` would say it.
    package var evidence: String {
        let number = ipProtocol.map { " proto \($0)" } ?? ""
        let link = device.map { " dev \($0)" } ?? ""
        return "src \(source) dst \(destination)\(number)\(link) dir \(direction.rawValue): \(action.rawValue)"
    }
}

extension [IPsecPolicy] {
    /// A policy that blocks inner packets to a block, all of it, or from it, through this device.
    func blocking(_ prefix: Prefix, by device: String?) -> IPsecPolicy? {
        let first = filter { policy in
            let block = policy.direction == .outgoing ? policy.destination : policy.source
            return policy.isForInner && policy.ipProtocol == nil && block.length <= prefix.length
                && block.contains(prefix.address) && (policy.device == nil || policy.device == device)
        }.min { $0.priority < $1.priority }
        return first?.action == .block ? first : nil
    }

    /// The policy that the kernel applies to outer packets: the first one of the least priority.
    func first(
        _ direction: IPsecPolicy.Direction, from source: IPv4Address, to destination: IPv4Address, by link: String?
    ) -> IPsecPolicy? {
        filter { $0.isForOuter && $0.direction == direction && $0.concerns(source, destination, by: link) }
            .min { $0.priority < $1.priority }
    }
}
