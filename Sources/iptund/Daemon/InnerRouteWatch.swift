// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// Follows whether what is behind the peers is routed into the device: routes and rules of a tunnel go with a link that is
/// switched off, and with whatever else tidies a host up.
///
/// A block that never was routed into the device is not missed: another route may be meant.
struct InnerRouteWatch {
    private var routed: Set<Prefix> = []
    /// Whether a block was missed at the last look.
    private(set) var hasLost = false

    /// How many ways are asked for at one look: peers may be thousands, and looks follow each change of the host.
    private static let questionLimit = 512

    /// Asks for the way of one host of each block. Returns the first block of each slot that was routed into the device and
    /// is not any more.
    mutating func look(
        _ blocks: [(slot: Int, prefixes: [Prefix])], _ device: Int32, _ netlink: borrowing Netlink
    ) -> [Int: Prefix] {
        var lost: [Int: Prefix] = [:]
        var questions = 0
        defer { hasLost = !lost.isEmpty }
        for (slot, prefixes) in blocks {
            for prefix in prefixes {
                guard questions < InnerRouteWatch.questionLimit else { return lost }
                questions += 1
                if InnerRouteWatch.isRouted(prefix, into: device, netlink) {
                    routed.insert(prefix)
                } else if routed.contains(prefix), lost[slot] == nil {
                    lost[slot] = prefix
                }
            }
        }
        return lost
    }

    /// Whether packets to the first, the last or a middle host of a block go into the device, or by a more specific route
    /// elsewhere, which says nothing of the rest.
    private static func isRouted(_ prefix: Prefix, into device: Int32, _ netlink: borrowing Netlink) -> Bool {
        let (first, last) = (prefix.address.rawValue, prefix.last.rawValue)
        let samples = prefix.length >= 31 ? [first, last] : [first + 1, last - 1, first + (last - first) / 2 + 1]
        return samples.contains { sample in
            let address = IPv4Address(rawValue: sample)
            guard let route = try? netlink.lookUp(address) else { return false }
            if route.link == device { return true }
            return (try? netlink.matchingRoute(address)).flatMap { $0 }.map { $0.prefix.length > prefix.length }
                ?? false
        }
    }
}
