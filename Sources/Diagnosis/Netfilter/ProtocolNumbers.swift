// SPDX-License-Identifier: Apache-2.0

/// The numbers that names of protocols stand for on a host: what /etc/protocols says, for filters print names from it.
///
/// The trap: there `ipencap` is 4, which is what a tunnel sends, and `ipip` is 94, which nobody does.
package struct ProtocolNumbers: Equatable, Sendable {
    private var numbers: [String: UInt8] = [
        "icmp": 1, "igmp": 2, "ipencap": 4, "ipv4": 4, "tcp": 6, "udp": 17, "ipv6": 41, "gre": 47, "esp": 50, "ah": 51,
        "icmpv6": 58, "ipv6-icmp": 58, "ospf": 89, "ipip": 94, "vrrp": 112, "sctp": 132, "udplite": 136,
    ]

    /// What `text`, the contents of /etc/protocols, says beyond what everybody agrees on.
    package init(_ text: String = "") {
        for line in text.split(separator: "\n") {
            let words = line.prefix { $0 != "#" }.split { $0 == " " || $0 == "\t" }
            guard words.count > 1, let number = UInt8(words[1]) else { continue }
            for name in words.enumerated() where name.offset != 1 { numbers[String(name.element)] = number }
        }
    }

    /// The number that `text` names, or is.
    package func number(_ text: String) -> UInt8? { UInt8(text) ?? numbers[text] ?? numbers[text.lowercased()] }
}
