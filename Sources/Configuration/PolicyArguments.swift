// SPDX-License-Identifier: Apache-2.0

package import Tunnel
internal import Wire

/// Reads what people write about the treatment of packets into values.
extension Arguments {
    package static func fragmentation(_ text: String) throws(Complaint) -> OuterPolicy.FragmentationPolicy {
        try choice(text, flag: "--df", whatNow: "the default, set, never fragments outer packets")
    }

    package static func ecn(_ text: String) throws(Complaint) -> OuterPolicy.ECNPolicy {
        try choice(text, flag: "--ecn", whatNow: "compatible is for peers that lose what routers mark")
    }

    package static func only(_ text: String) throws(Complaint) -> Direction {
        try choice(text, flag: "--only", whatNow: "leave it out to carry both ways")
    }

    private static func choice<Value: RawRepresentable & CaseIterable>(
        _ text: String, flag: String, whatNow: String
    ) throws(Complaint) -> Value where Value.RawValue == String {
        guard let value = Value(rawValue: text) else {
            let words = Value.allCases.map(\.rawValue)
            throw .usage("\(flag) '\(text)'", why: "not one of \(words.joined(separator: ", "))", whatNow: whatNow)
        }
        return value
    }

    package static func dscp(_ text: String) throws(Complaint) -> OuterPolicy.DSCPPolicy {
        if text == "inherit" { return .inherit }
        guard let number = number(text, in: 0...63) else {
            throw .usage(
                "--dscp '\(text)'", why: "neither 0 to 63 nor 'inherit'", whatNow: "46 is expedited forwarding")
        }
        return .fixed(UInt8(number))
    }

    package static func minimumTTL(_ text: String) throws(Complaint) -> UInt8 {
        guard let number = number(text, in: 1...255) else {
            throw .usage(
                "--min-ttl '\(text)'", why: "not a number from 1 to 255",
                whatNow: "255 for a peer on the link that sends with --ttl 255; one less for each router between")
        }
        return UInt8(number)
    }

    package static func segmentSizeClamp(_ text: String) throws(Complaint) -> SegmentSizeClamp {
        if text == "off" { return .off }
        if text == "auto" { return .auto }
        // Less than 28 octets would leave no room for data beside the longest options (Linux, `TCP_MIN_MSS`).
        guard let number = number(text, in: 88...65_475) else {
            throw .usage(
                "--mss-clamp '\(text)'", why: "neither off, auto, nor a number from 88 to 65475",
                whatNow: "auto is what fits through the tunnel: its MTU less 40")
        }
        return .fixed(UInt16(number))
    }

    /// `peers`, `any`, prefixes, or several of them by comma; peers are always accepted.
    package static func acceptance(_ texts: [String]) throws(Complaint) -> Decapsulation.Acceptance {
        let prefixes = try list(texts) { text throws(Complaint) -> Prefix? in
            if text == "peers" { return nil }
            if text == "any" { return .all }
            guard let prefix = Prefix(text) else {
                throw .usage(
                    "--accept-from '\(text)'", why: "neither peers, any, nor an IPv4 prefix",
                    whatNow: "such as 192.0.2.0/24; peers are always accepted")
            }
            guard text.split(separator: "/").first.flatMap({ IPv4Address($0) }) == prefix.address else {
                throw .usage("--accept-from \(text)", why: "has bits beyond its length", whatNow: "write \(prefix)")
            }
            return prefix
        }
        let others = prefixes.compactMap(\.self)
        if others.isEmpty { return .peers }
        return .also(others.contains(.all) ? [.all] : others)
    }

    package static func number(_ text: String, in range: ClosedRange<Int>) -> Int? {
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(text), range.contains(number) else {
            return nil
        }
        return number
    }
}

extension Decapsulation.Acceptance {
    /// As it would be written after `--accept-from`.
    package var description: String {
        switch self {
        case .peers: "peers"
        case .also([.all]): "any"
        case .also(let prefixes): prefixes.map(\.description).joined(separator: ",")
        }
    }
}
