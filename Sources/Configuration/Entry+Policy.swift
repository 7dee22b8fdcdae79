// SPDX-License-Identifier: Apache-2.0

package import Tunnel
package import Wire

/// What the keys say about the treatment of packets.
extension Entry {
    /// `TTL`.
    package func ttl() throws(Complaint) -> OuterPolicy.TTLPolicy {
        if text == "inherit" { return .inherit }
        guard let number = number(in: 1...255), let ttl = TTL(rawValue: UInt8(number)) else {
            throw refusal(why: "neither 1 to 255 nor 'inherit'", whatNow: "the default is 64")
        }
        return .fixed(ttl)
    }

    /// `DF`.
    package func fragmentation() throws(Complaint) -> OuterPolicy.FragmentationPolicy {
        try choice("the default, set, never fragments outer packets")
    }

    /// `DSCP`.
    package func dscp() throws(Complaint) -> OuterPolicy.DSCPPolicy {
        if text == "inherit" { return .inherit }
        guard let number = number(in: 0...63) else {
            throw refusal(why: "neither 0 to 63 nor 'inherit'", whatNow: "46 is expedited forwarding")
        }
        return .fixed(UInt8(number))
    }

    /// `ECN`.
    package func ecn() throws(Complaint) -> OuterPolicy.ECNPolicy {
        try choice("compatible is for peers that lose what routers mark")
    }

    /// `MinTTL`.
    package func minimumTTL() throws(Complaint) -> UInt8 {
        guard let number = number(in: 1...255) else {
            throw refusal(
                why: "not a number from 1 to 255",
                whatNow: "255 for a peer on the link that sends with TTL 255; one less for each router between")
        }
        return UInt8(number)
    }

    /// `MSSClamp`.
    package func segmentSizeClamp() throws(Complaint) -> SegmentSizeClamp {
        if text == "off" { return .off }
        if text == "auto" { return .auto }
        // Less than 28 octets would leave no room for data beside the longest options (Linux, `TCP_MIN_MSS`).
        guard let number = number(in: 88...65_475) else {
            throw refusal(
                why: "neither off, auto, nor a number from 88 to 65475",
                whatNow: "auto is what fits through the tunnel: its MTU less 40")
        }
        return .fixed(UInt16(number))
    }

    /// `Only`.
    package func only() throws(Complaint) -> Direction { try choice("leave it out to carry both ways") }

    /// An element of `AcceptFrom`: `any` or a prefix; `nil` for `peers`, who are always accepted.
    package func acceptance() throws(Complaint) -> Prefix? {
        if text == "peers" { return nil }
        if text == "any" { return .all }
        return try prefix(orElse: "peers, any")
    }
}

extension Decapsulation.Acceptance {
    /// The peers, and whom the elements of a list name beside them.
    package init(_ others: [Prefix]) {
        if others.isEmpty {
            self = .peers
        } else {
            self = .also(others.contains(.all) ? [.all] : others)
        }
    }

    /// The elements of the list that says this.
    package var elements: [String] {
        switch self {
        case .peers: ["peers"]
        case .also([.all]): ["any"]
        case .also(let prefixes): prefixes.map(\.description)
        }
    }

    /// As it would be written after `--accept-from`.
    package var description: String { elements.joined(separator: ",") }
}
