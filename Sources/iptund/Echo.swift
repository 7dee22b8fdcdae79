// SPDX-License-Identifier: Apache-2.0

internal import Configuration

/// Prints each change to the host as the command that one could have typed, as wg-quick does: `[#] ip link set …`.
struct Echo: Sendable {
    /// How many lines of a kind are printed before the rest is only counted.
    let limit: Int
    /// Where lines go: to standard error when changes are made, to standard output when they are the result.
    let print: @Sendable (String) -> Void
    /// The network namespace that changes are made in, if it is not the one of the commands.
    var namespace: String?

    /// The same for changes in another network namespace.
    func inside(_ namespace: String?) -> Echo {
        var echo = self
        echo.namespace = namespace
        return echo
    }

    /// Prints a plan change by change, and does each after it was printed; `device` is the name of a device that is made
    /// for it.
    func callAsFunction(
        _ plan: Plan, creating device: String?, _ perform: (HostChange) throws(Complaint) -> Void = { _ in }
    ) throws(Complaint) {
        if let device { print("[#] \(command("ip tuntap add mode tun dev \(device)"))") }
        var tally = Tally()
        for step in plan.steps {
            show(step.change.command, &tally)
            try perform(step.change)
        }
        conclude(tally)
        for change in plan.alreadyThere.prefix(limit) {
            print("[#] # there already, left alone: \(command(change.command.text))")
        }
        count(plan.alreadyThere.count, of: "there already, left alone")
    }

    /// Prints commands.
    func commands(_ commands: [(kind: String, text: String)]) {
        var tally = Tally()
        for command in commands { show(command, &tally) }
        conclude(tally)
    }

    /// A command as one has to type it here.
    private func command(_ text: String) -> String {
        guard let namespace else { return text }
        guard text.hasPrefix("ip ") else { return "ip netns exec \(namespace) \(text)" }
        return "ip -netns \(namespace)\(text.dropFirst(2))"
    }

    /// How many of each kind there were.
    private typealias Tally = [String: Int]

    private func show(_ command: (kind: String, text: String), _ tally: inout Tally) {
        tally[command.kind, default: 0] += 1
        if tally[command.kind, default: 0] <= limit { print("[#] \(self.command(command.text))") }
    }

    private func conclude(_ tally: Tally) {
        for (kind, number) in tally.sorted(by: { $0.key < $1.key }) { count(number, of: kind) }
    }

    /// Says how many lines were not printed.
    private func count(_ number: Int, of kind: String) {
        if number > limit { print("[#] # ... and \(number - limit) more: \(kind) (--verbose prints all)") }
    }
}
