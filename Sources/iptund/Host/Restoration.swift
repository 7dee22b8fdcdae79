// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// Taking back what a tunnel changed, from what it wrote down: whoever does it (the janitor, `iptund down`, the next start)
/// finds the same list, and what is gone already is fine.
enum Restoration {
    /// How far it goes.
    enum Extent {
        /// Everything.
        case everything
        /// All but what is there to outlive a daemon that dies.
        case allButKillSwitch
    }

    /// What came of it.
    struct Result {
        /// The commands that would have done what was done.
        var commands: [(kind: String, text: String)] = []
        var failures: [String] = []
        /// What stays, on purpose or because it could not be taken back.
        var left: [Step] = []
    }

    /// Takes the steps of `state` back, the last one first.
    ///
    /// - Parameters:
    ///   - netlink: a session in the device's network namespace.
    ///   - isStillWanted: whether another tunnel lives on with a change that several may want.
    static func perform(
        _ state: TunnelState, _ extent: Extent, _ netlink: borrowing Netlink, isStillWanted: (HostChange) -> Bool
    ) -> Result {
        var result = Result()
        if extent == .allButKillSwitch { result.left = state.killSwitch }
        // Numbers of devices are given again, and whoever wrote the state may be less than root.
        let isTUN = ((try? netlink.link(index: state.device.index)) ?? nil)?.kind ?? "tun" == "tun"
        var steps = state.steps.filter { step in
            if !isTUN, step.change.isAboutDevice { return false }
            let isOthers = step.change.isShared(besides: state.device.index) && isStillWanted(step.change)
            return !isOthers && !result.left.contains(step)
        }
        while let step = steps.popLast() {
            guard case .route = step.change else {
                revert(step, netlink, &result)
                continue
            }
            // Many routes are looked for at once.
            var run = [step]
            while let next = steps.last, case .route = next.change { run.append(steps.removeLast()) }
            removeRoutes(run, netlink, &result)
        }
        return result
    }

    private static func revert(_ step: Step, _ netlink: borrowing Netlink, _ result: inout Result) {
        do throws(Errno) {
            if try step.revert(netlink) { result.commands.append(step.reverseCommand) }
        } catch {
            result.failures.append("cannot take back '\(step.change.command.text)': \(error)")
            result.left.insert(step, at: 0)
        }
    }

    private static func removeRoutes(_ steps: [Step], _ netlink: borrowing Netlink, _ result: inout Result) {
        var byRoute: [Route: Step] = [:]
        for step in steps { if case .route(let route, _) = step.change { byRoute[route] = step } }
        do throws(Errno) {
            for route in try netlink.remove(Array(byRoute.keys)) {
                if let step = byRoute[route] { result.commands.append(step.reverseCommand) }
            }
        } catch {
            result.failures.append("cannot take \(steps.count) routes back: \(error)")
            result.left.insert(contentsOf: steps.reversed(), at: 0)
        }
    }
}

extension Restoration {
    /// The same for the tunnel whose files lie in `directory`, which are gone then, unless something stays.
    ///
    /// - Parameter netlink: a session in the device's network namespace, which the caller has checked to be the one.
    static func perform(
        in directory: RuntimeDirectory, _ extent: Extent, _ netlink: borrowing Netlink, echo: Echo
    ) throws(Complaint) {
        // One tunnel after the other, so that the last of several that share a setting knows that it is the last. What was
        // read before could be out of date.
        guard let namespace = try TunnelState.read(directory.state)?.namespace else { return directory.remove() }
        let lock = try SetUpLock.take(in: namespace)
        try performLocked(in: directory, extent, netlink, echo)
        lock.release()
    }

    /// The same, leaving to the caller what becomes of the files. Says what it did, and what it could not do. For who holds
    /// the ``SetUpLock``.
    static func perform(
        _ state: TunnelState, in directory: RuntimeDirectory, _ extent: Extent, _ netlink: borrowing Netlink,
        _ echo: Echo
    ) -> Result {
        let others = SharedChanges.ofOthers(besides: directory, in: state.namespace)
        let result = perform(state, extent, netlink) { change in others.contains { $0.change == change } }
        echo.inside(state.namespaceName).commands(result.commands)
        for failure in result.failures { standardError("iptund: \(failure)") }
        return result
    }

    private static func performLocked(
        in directory: RuntimeDirectory, _ extent: Extent, _ netlink: borrowing Netlink, _ echo: Echo
    ) throws(Complaint) {
        guard let state = try TunnelState.read(directory.state) else { return directory.remove() }
        let result = perform(state, in: directory, extent, netlink, echo)
        guard !result.left.isEmpty else { return directory.remove() }
        var rest = state
        rest.steps = result.left
        try rest.write(to: directory.state)
        directory.removeAllButState()
        guard let failure = result.failures.first else { return }
        throw Complaint("tunnel \(state.name)", why: failure, whatNow: "'iptund down \(state.name)' tries again")
    }
}
