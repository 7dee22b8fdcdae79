// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// The table of neighbours, as /proc/net/arp shows it.
enum ARPTable {
    /// Whether `address` was asked for and nobody answered.
    static func isSilent(_ address: IPv4Address) -> Bool {
        ((try? Files.read("/proc/net/arp")) ?? "").split(separator: "\n").contains { isSilent(address, in: $0) }
    }

    /// The same of one line: address, hardware type, flags, hardware address, mask, device. Without a flag it is incomplete.
    static func isSilent(_ address: IPv4Address, in line: Substring) -> Bool {
        let fields = line.split(separator: " ")
        return fields.count >= 4 && fields[0] == "\(address)" && fields[2] == "0x0"
    }
}
