// SPDX-License-Identifier: Apache-2.0

/// What to make of a next-hop MTU that an unauthenticated ICMP error claims (RFC 1191, RFC 2003 §5.1).
public enum PathMTU {
    /// No claim lowers the path MTU below this, octets: Linux has the same floor (`ip_rt_min_pmtu`). Below it, every packet
    /// would be cut into crumbs by whoever can forge an ICMP error.
    public static let floor = 552
    /// How long a lower path MTU is believed, milliseconds: ten minutes (RFC 1191 §6.3).
    public static let lifetime: UInt64 = 600_000
    /// Below this, octets, an attack or a broken path is likelier than a link: no host need take more than 576, and our
    /// header comes on top (RFC 791 §3.2).
    public static let suspicious = 596

    /// MTUs of links that exist, for routers that do not say theirs (RFC 1191 §7.1).
    private static let plateaus: [Int] = [65_535, 32_000, 17_914, 8_166, 4_352, 2_002, 1_492, 1_006, 508, 296, 68]

    /// The path MTU to believe after a claim about a packet of `length` octets; `nil` when it changes nothing.
    ///
    /// A claim of 0 comes from a router older than RFC 1191: the next plateau below what was too long is tried. What does
    /// not lower the `current` path MTU is ignored; an ICMP error never raises one.
    public static func judge(claim: UInt16, aboutLength length: Int, current: Int) -> Int? {
        let claimed = claim == 0 ? plateau(below: length) : Int(claim)
        let believed = max(claimed, floor)
        return believed < current ? believed : nil
    }

    /// The largest MTU in use that is smaller than `length`.
    static func plateau(below length: Int) -> Int { plateaus.first { $0 < length } ?? 68 }
}
