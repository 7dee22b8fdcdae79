// SPDX-License-Identifier: Apache-2.0

internal import Configuration

/// Prints each change to the host as the command that one could have typed, as wg-quick does: `[#] ip link set …`.
struct Echo {
    /// How many lines of a kind are printed before the rest is only counted.
    let limit: Int
    /// Where lines go: to standard error when changes are made, to standard output when they are the result.
    let print: (String) -> Void

    /// Prints a plan change by change, and does each after it was printed; `device` is the name of a device that is made
    /// for it.
    func callAsFunction(
        _ plan: Plan, creating device: String?, _ perform: (HostChange) throws(Complaint) -> Void = { _ in }
    ) throws(Complaint) {
        if let device { print("[#] ip tuntap add mode tun dev \(device)") }
        var counts: [String: Int] = [:]
        for change in plan.changes {
            let command = change.command
            counts[command.kind, default: 0] += 1
            if counts[command.kind, default: 0] <= limit { print("[#] \(command.text)") }
            try perform(change)
        }
        for (kind, number) in counts.sorted(by: { $0.key < $1.key }) { count(number, of: kind) }
        for change in plan.alreadyThere.prefix(limit) {
            print("[#] # there already, left alone: \(change.command.text)")
        }
        count(plan.alreadyThere.count, of: "there already, left alone")
    }

    /// Says how many lines were not printed.
    private func count(_ number: Int, of kind: String) {
        if number > limit { print("[#] # ... and \(number - limit) more: \(kind) (--verbose prints all)") }
    }
}
