// SPDX-License-Identifier: Apache-2.0

/// Prints each change to the host as the command that one could have typed, as wg-quick does: `[#] ip link set …`.
struct Echo {
    /// How many lines of a kind are printed before the rest is only counted.
    let limit: Int
    /// Where lines go: to standard error when changes are made, to standard output when they are the result.
    let print: (String) -> Void

    /// Prints a plan; `device` is the name of a device that is made for it.
    func callAsFunction(_ plan: Plan, creating device: String?) {
        if let device { print("[#] ip tuntap add mode tun dev \(device)") }
        var counts: [String: Int] = [:]
        for command in plan.changes.map(\.command) {
            counts[command.kind, default: 0] += 1
            if counts[command.kind, default: 0] <= limit { print("[#] \(command.text)") }
        }
        for (kind, count) in counts.sorted(by: { $0.key < $1.key }) where count > limit {
            print("[#] ... and \(count - limit) more of '\(kind)' (--verbose prints all)")
        }
        for change in plan.alreadyThere.prefix(limit) {
            print("[#] # there already, left alone: \(change.command.text)")
        }
        if plan.alreadyThere.count > limit {
            print("[#] # ... and \(plan.alreadyThere.count - limit) more that are there already (--verbose prints all)")
        }
    }
}
