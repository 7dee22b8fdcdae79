// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Wire

/// What is wanted of the host, against what it has.
extension KeeperProcess {
    /// Compares, and makes the host what is wanted of it, at `now`, milliseconds. Returns whether something failed.
    mutating func look(at now: UInt64) -> Bool {
        do throws(Complaint) {
            try restoreName(at: now)
            // The command that reloads holds the lock that this takes, and waits for us.
            if pending == nil { try judgeAddresses() }
            guard let device = try device() else {
                // The daemon, which has lost it, says so, and ends.
                problem = "the device is gone"
                return false
            }
            let failure = plan(device)
            if pending == nil { claims.isPlanned() }
            let reconciliation = try compare(device)
            duty.needless = reconciliation.needless
            let failures = try mend(reconciliation, at: now) + [failure].compactMap(\.self)
            killSwitch = KillSwitchNews(duty.wanted, missing: unmade, seenFilters)
            say(failures)
            if let failure = failures.first {
                if saidFailures.contains(failure) { problem = failure }
                return true
            }
            if let contested = repairs.contested(at: now) { return say(problem: Self.sentence(contested)) }
            let obstructed = reconciliation.obstructed.first.map {
                "another one is in the place of '\($0.command.text)'"
            }
            return say(problem: obstructed)
        } catch {
            // It may be the moment: a table that changes while it is read.
            say(["\(error)"])
            if saidFailures.contains("\(error)") { problem = "\(error)" }
            return true
        }
    }

    /// Takes down what is wanted now. Returns why that cannot be told: then what was wanted last is wanted still.
    mutating func plan(_ device: DeviceFacts) -> String? {
        do throws(Complaint) {
            let planning = planning(pending?.settings ?? duty.settings, device, shared: [])
            let wanted = try planning.want(underlay: duty.underlay, duty.netlink)
            // What there is of it keeps too much rather than too little.
            if let obstacle = wanted.filterSizeObstacle { return "cannot change the kill switch: \(obstacle)" }
            duty.wanted = wanted.changes
            return nil
        } catch {
            return "\(error)"
        }
    }

    mutating func compare(_ device: DeviceFacts) throws(Complaint) -> Reconciliation {
        let state = duty.reconciler.state
        var wanted = duty.wanted
        if pending != nil {
            // While a reload is half done, nothing of what was before is taken back.
            let subjects = Set(wanted.map(\.subject))
            wanted += state.steps.map(\.change).filter { !subjects.contains($0.subject) }
        }
        // What others wrote down counts for what is not on the list yet.
        let listed = Set(state.steps.map(\.change))
        let isNew = wanted.contains { !listed.contains($0) && $0.kind.isShared(besides: state.device.index) }
        let shared = isNew ? registry.shared : []
        let facts = try explaining("cannot look at the host", whatNow: "it is tried again") { () throws(Errno) in
            try HostFacts.gather(about: wanted + state.steps.map(\.change), device, shared: shared, duty.netlink)
        }
        seenFilters = facts.filters
        return Reconciliation(to: wanted, from: state.steps, needless: duty.needless, facts)
    }

    /// Makes what is missing, and takes back what is no longer wanted. Returns what failed.
    private mutating func mend(_ reconciliation: Reconciliation, at now: UInt64) throws(Complaint) -> [String] {
        unmade = Set(reconciliation.obstructed)
        let urgent = Set(duty.reconciler.state.killSwitch.map(\.change))
        let due = reconciliation.additions.filter { addition in
            let change = addition.step.change
            return !addition.isRepair || repairs.judge(change, isUrgent: urgent.contains(change), at: now)
        }
        guard !due.isEmpty || !reconciliation.removals.isEmpty else { return [] }
        try duty.reconciler.note(reconciliation.everything)
        var (restored, made): ([HostChange.Command], [HostChange.Command]) = ([], [])
        var failures: [String] = []
        for addition in due {
            do throws(Errno) {
                try Reconciler.make(addition, duty.netlink)
                if addition.isRepair { repairs.repaired() }
                if addition.isRepair { restored.append(addition.step.change.command) }
                if !addition.isRepair { made.append(addition.step.change.command) }
            } catch {
                unmade.insert(addition.step.change)
                failures.append("\(addition.step.change.failure): \(error)")
            }
        }
        duty.echo.commands(
            restored, { log.notice("restored: \($0) (removed or changed by another program)") },
            more: { log.notice("restored: \($0)") })
        hint(at: due)
        let outcome = try duty.reconciler.conclude(reconciliation, duty.netlink)
        duty.echo.commands(
            made + outcome.commands, { log.notice("the host has changed: \($0)") },
            more: { log.notice("the host has changed: \($0)") })
        return failures + outcome.failures
    }

    /// Whether something is missing of what the kernel does not tell of: settings and proxy entries.
    mutating func isSomethingMissing() -> Bool {
        let changes = duty.wanted.filter { change in
            switch change {
            case .setting, .proxy, .noCommonRedirects, .filter, .noIPv6Beyond: true
            default: false
            }
        }
        let facts = try? HostFacts.gather(about: changes, device(), shared: [], duty.netlink)
        guard let facts else { return false }
        seenFilters = facts.filters
        if killSwitch != nil { killSwitch = KillSwitchNews(duty.wanted, missing: unmade, seenFilters) }
        return changes.contains { if case .missing = $0.kind.standing(facts) { true } else { false } }
    }

    /// That tables of nftables change; of no interest without one of ours.
    var filterInterest: Poll.Interest {
        guard !seenFilters.isEmpty else { return .nothing }
        switch duty.filterChanges {
        case .some(let changes): return .reading(changes.descriptor)
        case .none: return .nothing
        }
    }

    /// Hears what changed of tables. Returns whether one of ours did.
    func isFilterChanged() -> Bool {
        switch duty.filterChanges {
        case .some(let changes): changes.drain(about: FilterChange.table(of: duty.reconciler.state.device))
        case .none: false
        }
    }

    /// The tunnel's device, under whatever name; `nil` when it is gone.
    func device() throws(Complaint) -> DeviceFacts? {
        let (device, isNew) = (duty.reconciler.state.device, duty.isDeviceNew)
        return try explaining("cannot look at device \(device.name)", whatNow: "it is tried again") {
            () throws(Errno) in
            try DeviceFacts.look(device, isNew: isNew, duty.netlink)
        }
    }

    /// A plan for these settings, from what the host is now.
    func planning(_ settings: TunnelSettings, _ device: DeviceFacts, shared: Set<Step>) -> Planning {
        var planning = Planning(
            settings: settings, device: device, ways: ways(settings), shared: shared, own: duty.reconciler.state,
            filterObstacle: pending.map(\.filterObstacle) ?? duty.filterObstacle)
        (planning.learned, planning.mark, planning.resolver) = (duty.roster.learned, duty.mark, duty.resolver)
        return planning
    }

    /// The other tunnels of this host.
    var registry: TunnelRegistry {
        let state = duty.reconciler.state
        let place = TunnelRegistry.Place(
            directory: duty.reconciler.directory, namespace: state.namespace, home: state.home,
            isElsewhere: state.namespaceName != nil)
        return TunnelRegistry.read(besides: place, duty.netlink)
    }

    /// How outer packets leave for the first peers: those of thousands leave by a few links.
    private func ways(_ settings: TunnelSettings) -> [IPv4Address: Way] {
        var finder = WayFinder(WayFinder.Scope(deviceIn: settings.namespace), mark: duty.mark)
        var ways: [IPv4Address: Way] = [:]
        for peer in settings.peers.prefix(64) {
            guard case .address(let address) = peer.endpoint else { continue }
            do throws(Way.Obstacle) {
                ways[address] = try finder.find(address, from: settings.local, duty.underlay)
            } catch {
            }
        }
        return ways
    }

    /// Gives the device its name again.
    private mutating func restoreName(at now: UInt64) throws(Complaint) {
        let device = duty.reconciler.state.device
        guard let link = (try? duty.netlink.link(index: device.index)) ?? nil, link.name != device.name,
            repairs.judge(.name(device), at: now)
        else { return }
        let whatNow = "does another device have the name? 'ip link' shows it; rename or remove that one"
        try explaining("cannot rename \(link.name) to \(device.name)", whatNow: whatNow) { () throws(Errno) in
            try duty.netlink.rename(link, to: device.name)
        }
        repairs.repaired()
        log.notice("restored: ip link set dev \(link.name) name \(device.name) (renamed by another program)")
    }
}

/// What is said in the log.
extension KeeperProcess {
    private mutating func say(_ failures: [String]) {
        // What fails once may be in the middle of something; what fails again is said.
        for failure in failures where seenFailures.contains(failure) && saidFailures.insert(failure).inserted {
            log.warning("\(failure)")
        }
        saidFailures.formIntersection(failures)
        seenFailures = Set(failures)
    }

    /// Returns false, which is that nothing failed.
    @discardableResult
    private mutating func say(problem: String?) -> Bool {
        guard problem != self.problem else { return false }
        self.problem = problem
        if let problem {
            log.warning("the host is not what it should be: \(problem)")
        } else {
            log.notice("the host is what it should be")
        }
        return false
    }

    /// Says once who usually removes rules.
    private mutating func hint(at due: [Reconciliation.Addition]) {
        let isOfRules = due.contains { addition in
            if case .rule = addition.step.change { addition.isRepair } else { false }
        }
        guard isOfRules, !hasHinted else { return }
        hasHinted = true
        log.notice("\(Self.networkd), if it is what removes rules here")
    }

    private static let networkd =
        "systemd-networkd leaves rules and routes of other programs alone with ManageForeignRoutingPolicyRules=no and "
        + "ManageForeignRoutes=no in networkd.conf"

    private static func sentence(_ subject: HostChange.Subject) -> String {
        let what =
            switch subject {
            case .name(let device): "the name \(device.name)"
            case .mtu(let device): "the MTU of \(device.name)"
            case .setting(let setting, let device): "\(setting.rawValue) of \(device.name)"
            case .route(let prefix, _, _): "the route to \(prefix)"
            case .filter(let table, let family): "the table \(family.text) \(table) of nftables"
            case .only(let change): "what '\(change.command.text)' makes"
            }
        let sentence = "another program removes or changes \(what) again and again: is it a network manager's?"
        switch subject {
        case .route, .only(.rule):
            return "\(sentence) \(networkd)"
        case .filter:
            return "another program removes or changes \(what) again and again: is it 'nft flush ruleset' of a script, "
                + "or of a firewall that is reloaded? let it remove its own tables only"
        default: return sentence
        }
    }
}
