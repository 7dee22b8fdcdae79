// SPDX-License-Identifier: Apache-2.0

/// The programs that have a number of their own for their routes (rtnetlink(7), `rtm_protocol`).
enum RouteMaker {
    private static let names: [UInt8: String] = [
        11: "zebra", 12: "bird", 13: "dnrouted", 14: "xorp", 16: "dhcp", 18: "keepalived", 42: "babel", 84: "openr",
        186: "bgp", 187: "isis", 188: "ospf", 189: "rip", 192: "eigrp",
    ]

    /// The number, and whose it is if anybody's: `12 (bird)`.
    static func text(_ number: UInt8) -> String { names[number].map { "\(number) (\($0))" } ?? "\(number)" }
}
