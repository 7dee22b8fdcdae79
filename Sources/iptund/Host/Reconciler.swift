// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// Makes a host what is wanted of it, and keeps the list of what was made.
///
/// The list is written before anything is changed: the next process finds on it all that may be there, however this one ended.
struct Reconciler {
    let directory: RuntimeDirectory
    /// The list.
    private(set) var state: TunnelState
    /// Whether the file says the same.
    private var isInFile: Bool

    /// How far taking back goes.
    enum Extent {
        case everything
        /// All but what is there to outlive a daemon that dies.
        case allButKillSwitch
    }

    /// What came of taking back.
    struct Outcome {
        /// The commands that would have done what was done.
        var commands: [HostChange.Command] = []
        /// What failed, in sentences.
        var failures: [String] = []
        /// What could not be taken back, in the order in which it was made.
        fileprivate var left: [Step] = []
    }

    /// Starts with this list, which was read from the file, or is to be written there.
    init(_ directory: RuntimeDirectory, _ state: TunnelState, isInFile: Bool) {
        (self.directory, self.state, self.isInFile) = (directory, state, isInFile)
    }

    /// Writes down that these steps may be there from now on, and what else changes of the list.
    mutating func note(_ steps: [Step], _ change: (inout TunnelState) -> Void = { _ in }) throws(Complaint) {
        var next = state
        next.steps = steps
        change(&next)
        guard next != state || !isInFile else { return }
        try next.write(to: directory.state)
        (state, isInFile) = (next, true)
    }

    /// Makes one change.
    static func make(_ addition: Reconciliation.Addition, _ netlink: borrowing Netlink) throws(Errno) {
        let kind = addition.step.change.kind
        if addition.replaced == nil { try kind.make(netlink) } else { try kind.makeInstead(netlink) }
    }

    /// Takes back what is no longer wanted. What cannot be taken back now stays on the list, and is tried again.
    mutating func conclude(_ reconciliation: Reconciliation, _ netlink: borrowing Netlink) throws(Complaint) -> Outcome
    {
        let outcome = takeBack(reconciliation.removals, netlink)
        try note(outcome.left + reconciliation.result)
        return outcome
    }

    /// Takes everything back, the last change first, and removes the files, unless something stays: on purpose, or because
    /// it cannot be taken back.
    mutating func end(_ extent: Extent, _ netlink: borrowing Netlink) -> Outcome {
        // One tunnel after the other, so that the last of several that share a setting knows that it is the last. Where
        // another process holds the lock for too long, it is done without.
        let lock: SetUpLock?
        do throws(Complaint) { lock = try SetUpLock.take(in: state.namespace) } catch { lock = nil }
        let kept = Set(extent == .allButKillSwitch ? state.killSwitch : [])
        var outcome = takeBack(state.steps.filter { !kept.contains($0) }, netlink)
        let left = Set(outcome.left)
        let rest = state.steps.filter { kept.contains($0) || left.contains($0) }
        if rest.isEmpty {
            directory.remove()
        } else {
            do throws(Complaint) { try note(rest) } catch { outcome.failures.append("\(error)") }
            directory.removeAllButState()
        }
        _ = consume lock
        return outcome
    }

    private func takeBack(_ steps: [Step], _ netlink: borrowing Netlink) -> Outcome {
        var outcome = Outcome()
        var steps = steps
        if steps.contains(where: { isShared($0.change) }) {
            let place = TunnelRegistry.Place(directory: directory, namespace: state.namespace, home: state.home)
            let others = Set(TunnelRegistry.read(besides: place, netlink).shared.map(\.change))
            steps.removeAll { isShared($0.change) && others.contains($0.change) }
        }
        while let step = steps.popLast() {
            guard case .route = step.change else {
                outcome.revert(step, netlink)
                continue
            }
            // Many routes are looked for at once.
            var run = [step]
            while let next = steps.last, case .route = next.change { run.append(steps.removeLast()) }
            outcome.removeRoutes(run, netlink)
        }
        return outcome
    }

    private func isShared(_ change: HostChange) -> Bool { change.kind.isShared(besides: state.device.index) }
}

extension Reconciler.Outcome {
    /// Takes one step back.
    fileprivate mutating func revert(_ step: Step, _ netlink: borrowing Netlink) {
        do throws(Errno) {
            if try step.revert(netlink) { commands.append(step.reverseCommand) }
        } catch {
            failures.append("cannot take back '\(step.change.command.text)': \(error)")
            left.insert(step, at: 0)
        }
    }

    /// Takes back steps that are routes.
    fileprivate mutating func removeRoutes(_ steps: [Step], _ netlink: borrowing Netlink) {
        var byRoute: [Route: Step] = [:]
        var routes: [Route] = []
        for step in steps {
            guard case .route(let route, _) = step.change, byRoute.updateValue(step, forKey: route) == nil else {
                continue
            }
            routes.append(route)
        }
        do throws(Errno) {
            for route in try netlink.remove(routes) {
                if let step = byRoute[route] { commands.append(step.reverseCommand) }
            }
        } catch {
            failures.append("cannot take \(steps.count) routes back: \(error)")
            left.insert(contentsOf: steps.reversed(), at: 0)
        }
    }
}
