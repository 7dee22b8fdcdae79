// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Follows whether the kernel takes outer packets: a tunnel whose every packet is refused carries nothing, however well its
/// routes look.
struct SendingWatch {
    private var before: [Int: Count] = [:]
    private var failing: [Int: Drop] = [:]
    /// The ICMP errors about outer packets to each slot, and when their number was last seen to grow, milliseconds.
    private var errors: [Int: (count: UInt64, at: UInt64)] = [:]

    private struct Count {
        var delivered: UInt64 = 0
        var refused: [Drop: UInt64] = [:]
    }

    /// Drops that mean that the kernel took no packet.
    private static let refusals: [Drop] = [.forbidden, .unreachable, .sendFailed]

    /// Compares the counters of the slots with those of the last look. A slot fails from a look on at which only refusals
    /// have grown, until a packet was sent.
    mutating func look(_ entries: [Counters.Entry]) {
        for (slot, entry) in entries.enumerated() {
            var count = Count(delivered: entry.delivered)
            for drop in SendingWatch.refusals { count.refused[drop] = entry.drops[drop] }
            let old = before.updateValue(count, forKey: slot) ?? Count()
            if count.delivered != old.delivered { failing[slot] = nil }
            let grown = count.refused.filter { $0.value > old.refused[$0.key] ?? 0 }
            if count.delivered == old.delivered, let most = grown.max(by: { $0.value < $1.value }) {
                failing[slot] = most.key
            }
        }
    }

    /// Compares the numbers of ICMP errors about outer packets with those of the last look, at `now`, milliseconds.
    mutating func look(errors counts: [UInt64], at now: UInt64) {
        for (slot, count) in counts.enumerated() where count != errors[slot]?.count ?? 0 { errors[slot] = (count, now) }
    }

    /// Whether packets to the peer of a slot were refused by ICMP errors of late.
    func isRefused(_ slot: Int, at now: UInt64) -> Bool {
        errors[slot].map { now < $0.at + SendingWatch.memory } ?? false
    }

    /// An ICMP error says so long that packets are refused, milliseconds: the peer may have started since.
    private static let memory: UInt64 = 10_000

    /// The peer of this slot is another one, or has gone.
    mutating func forget(_ slot: Int) { (failing[slot], errors[slot]) = (nil, nil) }

    /// Why nothing is sent to the peer of a slot; `nil` when packets are, or none were tried.
    func problem(_ slot: Int) -> String? {
        failing[slot].map { "none of its packets is sent: \($0.name), \($0.explanation.sentence)" }
    }
}
