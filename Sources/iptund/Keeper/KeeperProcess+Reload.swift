// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// What root orders: another configuration, in two steps, so that the tunnel changes between what is new and what is gone.
///
/// Who gives the first order and neither of the others, because it was killed, leaves what both configurations want.
extension KeeperProcess {
    /// The orders, which ``HostReload`` gives.
    enum Order: String {
        /// Make what the configuration wants that comes with it, and take nothing back.
        case prepare
        /// Take back what it does not want.
        case conclude
        /// Go back to the one before.
        case abandon
    }

    /// Carries out an order of a client that may give it.
    mutating func answer(_ request: ControlRequest) -> String {
        guard let order = Order(rawValue: request.verb) else {
            return ControlAnswer(.unknownRequest, "unknown request").json
        }
        guard request.right == .order else { return ControlAnswer(.forbidden, "only root may do this").json }
        do throws(Complaint) {
            switch order {
            case .prepare:
                guard let text = request.attachment else {
                    return ControlAnswer(.badAttachment, "no configuration came with it").json
                }
                return try prepare(text).json
            case .conclude: return try finish(pending).json
            case .abandon: return try finish(nil).json
            }
        } catch {
            return ControlAnswer(.failed, "\(error)").json
        }
    }

    private mutating func prepare(_ text: [UInt8]) throws(Complaint) -> ControlAnswer {
        let next = try Interpretation(ConfigurationText.read(text, file: "the configuration")).checked()
        let current = duty.reconciler.state.configuration
        guard let device = try device() else {
            throw Complaint(
                "device \(duty.reconciler.state.device.name)", why: "is gone", whatNow: "start the tunnel again")
        }
        var settings = next
        // What was found out when the tunnel came up stays: its peers may be elsewhere now, and its packets under way.
        if settings.mtu == nil { settings.mtu = Self.isMTUFound(current) ? duty.settings.mtu : nil }
        let registry = registry
        var planning = planning(settings, device, shared: registry.shared)
        (planning.filterObstacle, planning.takenPlaces) = (nil, registry.places)
        let outcome = try planning.make(underlay: duty.underlay, duty.netlink)
        let reconciliation = try outcome.reconciliation.checked()
        settings.mtu = outcome.mtu
        let obstacle = outcome.filterObstacle
        try duty.reconciler.note(reconciliation.everything) { state in
            state.configuration = ConfigurationText.render(next)
            state.routing = outcome.routing ?? state.routing
        }
        // As the daemon does it.
        var roster = duty.roster
        _ = roster.replace(by: settings.peers)
        pending = Pending(
            settings: settings, filterObstacle: obstacle, roster: roster, claims: AddressClaims(following: claims),
            before: pending?.before ?? current)
        for addition in reconciliation.additions {
            do throws(Errno) {
                try Reconciler.make(addition, duty.netlink)
            } catch {
                let command = addition.step.change.command.text
                // What cannot be taken back now is on the list, and tried again.
                do throws(Complaint) { _ = try finish(nil) } catch {}
                throw error == .exists
                    ? Complaint(inTheWayOf: addition.step.change)
                    : Complaint("cannot '\(command)'", error, whatNow: "everything is as it was")
            }
        }
        return ControlAnswer(
            commands: reconciliation.additions.map(\.step.change.command), warnings: outcome.warnings)
    }

    /// Ends a reload, in favour of `next` or of what was before. Nothing to end is fine.
    private mutating func finish(_ next: Pending?) throws(Complaint) -> ControlAnswer {
        guard let begun = pending else { return ControlAnswer() }
        pending = nil
        // What fails now is seen to then; and with an address went routes that are wanted still.
        defer { lookAgain(at: 0) }
        if let next {
            (duty.settings, duty.filterObstacle) = (next.settings, next.filterObstacle)
            (duty.roster, claims) = (next.roster, next.claims)
        }
        guard let device = try device() else { return ControlAnswer() }
        if next == nil {
            try duty.reconciler.note(duty.reconciler.state.steps) { $0.configuration = begun.before }
        }
        if let failure = plan(device) { throw Complaint("the host", why: failure, whatNow: "it is tried again") }
        let reconciliation = try compare(device)
        for addition in reconciliation.additions {
            // What fails is missing, and seen to by the next look.
            do throws(Errno) { try Reconciler.make(addition, duty.netlink) } catch { continue }
        }
        let result = try duty.reconciler.conclude(reconciliation, duty.netlink)
        guard result.failures.isEmpty else {
            return ControlAnswer(.failed, "\(result.failures[0]); it is tried again")
        }
        return ControlAnswer(commands: result.commands)
    }

    /// Whether the MTU of a configuration was left to be found out.
    private static func isMTUFound(_ configuration: String) -> Bool {
        let draft = ConfigurationText.read(Array(configuration.utf8), file: "state")
        return (try? Interpretation(draft).checked())?.mtu == nil
    }
}
