// SPDX-License-Identifier: Apache-2.0

extension Counters.Entry {
    /// What was counted after `earlier`, by the same writers: for a place that became another peer's.
    public func since(_ earlier: Counters.Entry) -> Counters.Entry {
        var later: [Drop: UInt64] = [:]
        for (drop, count) in drops where count > earlier.drops[drop] ?? 0 {
            later[drop] = count - (earlier.drops[drop] ?? 0)
        }
        return Counters.Entry(
            delivered: delivered &- earlier.delivered, deliveredOctets: deliveredOctets &- earlier.deliveredOctets,
            lastDelivered: lastDelivered == earlier.lastDelivered ? 0 : lastDelivered,
            errors: errors &- earlier.errors, lastError: errors == earlier.errors ? 0 : lastError, drops: later)
    }
}
