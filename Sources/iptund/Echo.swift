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

    /// Prints what is to be made change by change, and does each after it was printed; `device` is the name of a device that is
    /// made for it.
    func callAsFunction(
        _ plan: Reconciliation, creating device: String?,
        _ perform: (Reconciliation.Addition) throws(Complaint) -> Void = { _ in }
    ) throws(Complaint) {
        if let device { print("[#] \(command("ip tuntap add mode tun dev \(device)"))") }
        var tally = Tally()
        for addition in plan.additions {
            show(addition.step.change.command, &tally) { print("[#] \($0)") }
            try perform(addition)
        }
        conclude(tally) { print("[#] # \($0) (--verbose prints all)") }
        for change in plan.alreadyThere.prefix(limit) {
            print("[#] # there already, left alone: \(command(change.command.text))")
        }
        count(plan.alreadyThere.count, of: "there already, left alone") { print("[#] # \($0) (--verbose prints all)") }
    }

    /// Prints commands.
    func commands(_ commands: [HostChange.Command]) {
        self.commands(commands, { print("[#] \($0)") }, more: { print("[#] # \($0) (--verbose prints all)") })
    }

    /// Says commands, and how many more there were, otherwise.
    func commands(_ commands: [HostChange.Command], _ say: (String) -> Void, more: (String) -> Void) {
        var tally = Tally()
        for command in commands { show(command, &tally, say) }
        conclude(tally, more)
    }

    /// A command as one has to type it here.
    private func command(_ text: String) -> String {
        guard let namespace else { return text }
        guard text.hasPrefix("ip ") else { return "ip netns exec \(namespace) \(text)" }
        return "ip -netns \(namespace)\(text.dropFirst(2))"
    }

    /// How many of each kind there were.
    private typealias Tally = [String: Int]

    private func show(_ command: HostChange.Command, _ tally: inout Tally, _ say: (String) -> Void) {
        tally[command.kind, default: 0] += 1
        if tally[command.kind, default: 0] <= limit { say(self.command(command.text)) }
    }

    private func conclude(_ tally: Tally, _ say: (String) -> Void) {
        for (kind, number) in tally.sorted(by: { $0.key < $1.key }) { count(number, of: kind, say) }
    }

    /// Says how many lines were not printed.
    private func count(_ number: Int, of kind: String, _ say: (String) -> Void) {
        if number > limit { say("... and \(number - limit) more: \(kind)") }
    }
}
