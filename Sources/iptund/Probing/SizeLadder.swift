// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis

/// Looks for the longest packet that is answered, several lengths at a time.
struct SizeLadder: Equatable {
    /// The longest that was answered; what was asked before is known to pass.
    private(set) var passing: Int
    /// The shortest that is known not to pass: one more than the device takes, at first.
    private(set) var failing: Int
    /// What ICMP errors named.
    private(set) var told: Int?
    private let limit: Int

    /// How many lengths are tried at once.
    private static let width = 8

    /// Looks from `smallest`, which passes, to `limit`, octets.
    init(smallest: Int, limit: Int) {
        (passing, self.limit) = (min(smallest, limit), limit)
        failing = limit + 1
    }

    /// The lengths to try next, ascending; none when the answer is known.
    ///
    /// First what the device takes, alone: mostly that is all.
    var next: [Int] {
        guard passing + 1 < failing else { return [] }
        if failing == limit + 1 { return [limit] }
        let gap = failing - passing - 1
        let count = min(gap, SizeLadder.width)
        return Array(Set((1...count).map { passing + max(1, gap * $0 / count) })).sorted()
    }

    /// Takes in that a packet of this length was answered.
    mutating func passed(_ length: Int) { passing = max(passing, length) }

    /// Takes in what an ICMP error said about one.
    mutating func told(_ mtu: Int) { told = min(told ?? mtu, mtu) }

    /// Takes in that these were not answered in time. One below a length that was answered got lost.
    mutating func failed(_ lengths: [Int]) {
        guard let least = lengths.filter({ $0 > passing }).min() else { return }
        failing = min(failing, least)
    }

    /// What it came to.
    var result: PeerProbe.SizeProbe { PeerProbe.SizeProbe(limit: limit, largest: passing, told: told) }
}
