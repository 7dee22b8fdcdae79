// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// Which addresses are the tunnel's alone: where packets may go by no other way.
enum TunnelDestinations {
    /// What is in `allowed`, but for what longer prefixes of `elsewhere` hold, and for what is everybody's on the link. Of
    /// two of one length the tunnel's counts.
    ///
    /// Prefixes lie within each other or apart: so the longest that holds an address is the last one begun and not ended.
    static func ranges(_ allowed: [Prefix], besides elsewhere: some Sequence<Prefix>) -> [AddressRange] {
        var marked = Dictionary(elsewhere.map { ($0, false) }, uniquingKeysWith: { first, _ in first })
        for prefix in onLink { marked[prefix] = false }
        for prefix in allowed { marked[prefix] = true }
        let sorted = marked.sorted {
            ($0.key.address.rawValue, $0.key.length) < ($1.key.address.rawValue, $1.key.length)
        }
        var sweep = Sweep()
        for (prefix, isTunnels) in sorted { sweep.begin(prefix, isTunnels) }
        return sweep.finish()
    }

    /// All of IPv6 but what is in `neighbouring`, link-local addresses and groups.
    static func beyondTheLink(_ neighbouring: Set<AddressRange>) -> [AddressRange] {
        // fe80::/10, ff00::/8
        let local = [AddressRange(0xfe80 << 112, (0xfec0 << 112) - 1), AddressRange(0xff00 << 112, .max)]
        var ranges: [AddressRange] = []
        var next = UInt128(0)
        for near in (neighbouring + local).sorted(by: { ($0.first, $0.last) < ($1.first, $1.last) }) {
            if near.first > next { ranges.append(AddressRange(next, near.first - 1)) }
            if near.last == .max { return ranges }
            next = max(next, near.last + 1)
        }
        return ranges
    }

    /// Groups, and all hosts on the link (DHCP): routers do not forward these by a default route.
    private static let onLink = [Prefix("224.0.0.0/4"), Prefix("255.255.255.255/32")].compactMap(\.self)

    /// Goes through the addresses from the lowest to the highest.
    private struct Sweep {
        private var open: [(last: UInt64, isTunnels: Bool)] = []
        private var position: UInt64 = 0
        private var ranges: [AddressRange] = []

        mutating func begin(_ prefix: Prefix, _ isTunnels: Bool) {
            let start = UInt64(prefix.address.rawValue)
            closeAll(before: start)
            emit(upTo: start)
            open.append((UInt64(prefix.last.rawValue), isTunnels))
        }

        mutating func finish() -> [AddressRange] {
            closeAll(before: .max)
            return ranges
        }

        private mutating func closeAll(before start: UInt64) {
            while let innermost = open.last, innermost.last < start {
                emit(upTo: innermost.last + 1)
                open.removeLast()
            }
        }

        /// Takes down what the innermost prefix says of the addresses from the position to here.
        private mutating func emit(upTo end: UInt64) {
            defer { position = max(position, end) }
            guard let innermost = open.last, innermost.isTunnels, position < end else { return }
            if let last = ranges.last, last.last + 1 == UInt128(position) {
                ranges[ranges.count - 1] = AddressRange(last.first, UInt128(end - 1))
            } else {
                ranges.append(AddressRange(UInt128(position), UInt128(end - 1)))
            }
        }
    }
}
