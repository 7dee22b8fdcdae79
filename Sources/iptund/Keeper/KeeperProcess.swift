// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Wire

/// The keeper itself: whenever the kernel says that something changed, it compares what the host has with what is wanted of it,
/// and makes the first what the second is.
struct KeeperProcess: ~Copyable {
    var duty: KeeperDuty
    private let lifeline: Fork.Lifeline
    var log: Logger
    var repairs = RepairBook()
    /// Why the host is not what it should be; `nil` when it is.
    var problem: String?
    /// What keeps the tunnel's packets from leaving by another way; `nil` without a kill switch.
    var killSwitch: KillSwitchNews?
    /// What failed at the last look, and what of it was said.
    var seenFailures: Set<String> = [], saidFailures: Set<String> = []
    /// What a reload has begun and not finished.
    var pending: Pending?
    /// What the daemon says of the addresses of peers by name.
    var claims = AddressClaims()
    /// How the host last stood to tables of nftables, and what could not be made at the last look.
    var seenFilters: [EgressFilter.Identity: EgressFilter.Presence] = [:], unmade: Set<HostChange> = []
    /// Whether it was said who usually removes rules.
    var hasHinted = false
    /// What was last told to the daemon; `nil` when it could not be.
    private var told: KeeperNews? = KeeperNews()
    /// Whether the daemon has talked nonsense: it is not listened to any more.
    private var isDeaf = false
    /// Whether the host is set up.
    private var hasBegun = false
    /// When to look at the host next, milliseconds, and when at what the kernel does not tell of.
    private var dueAt: UInt64 = .max, glanceAt: UInt64 = .max
    /// How long to wait after what failed, milliseconds.
    private var pause: UInt64 = 0
    /// Not before then: looks at many routes must not follow upon each other.
    private var restingUntil: UInt64 = 0

    /// A configuration that is half in force.
    struct Pending {
        let settings: TunnelSettings
        let filterObstacle: String?
        /// The peers, in their places to come, and what was said of their addresses.
        let roster: Roster
        var claims: AddressClaims
        /// The configuration before, as a file would say it.
        let before: String
    }

    /// When things are done, milliseconds.
    private enum Pace {
        /// Changes come in crowds; this long is waited for more of them.
        static let patience: UInt64 = 20
        /// The kernel tells of most changes, but not of all settings and proxy entries: so these are looked at as often.
        static let glance: UInt64 = 700
        /// Everything is looked at as often, whatever the kernel says.
        static let look: UInt64 = 30_000
        /// After a look that took some time it rests four times as long, but no longer than this.
        static let longestRest: UInt64 = 400
        /// What failed is tried again then, at first and at last.
        static let again: (first: UInt64, last: UInt64) = (100, 4_000)
    }

    init(_ duty: consuming KeeperDuty, _ lifeline: consuming Fork.Lifeline) {
        log = StandardErrorLog.logger(of: duty.reconciler.state.name)
        self.duty = duty
        self.lifeline = lifeline
    }

    /// Works until the daemon is gone, then takes everything back.
    mutating func run() {
        lifeline.announceReady()
        let extent = watch()
        if extent == .allButKillSwitch, !duty.reconciler.state.killSwitch.isEmpty { leaveKillSwitch() }
        let outcome = duty.reconciler.end(extent, duty.netlink)
        duty.echo.commands(outcome.commands)
        for failure in outcome.failures { standardError("iptund: \(failure)") }
    }

    /// Looks after the host until the daemon ends. Returns how much is to be taken back.
    private mutating func watch() -> Reconciler.Extent {
        guard var control = duty.control.take() else { return .everything }
        while true {
            var interests: [Poll.Interest] =
                [
                    .reading(lifeline.descriptor), .reading(duty.changes.descriptor),
                    .reading(duty.changesAtUnderlay.descriptor), filterInterest,
                ] + control.interests
            // What cannot be waited for ends it all: it does not happen.
            guard (try? Poll.wait(for: &interests, timeoutMilliseconds: timeout(control))) != nil else {
                return .allButKillSwitch
            }
            if interests[0].isReady, let extent = listen() { return extent }
            let isChanged = (duty.changes.drain(), duty.changesAtUnderlay.drain())
            if isChanged.0 || isChanged.1 { lookAgain(at: Clock.milliseconds + Pace.patience) }
            if interests[3].isReady, isFilterChanged() { lookAgain(at: Clock.milliseconds) }
            if hasBegun { lookIfDue() }
            control.serve(interests[4...]) { answer($0) }
        }
    }

    /// How long to wait at most, milliseconds; -1 for ever.
    private func timeout(_ control: borrowing ControlServer) -> Int32 {
        let now = Clock.milliseconds
        let due = hasBegun ? max(min(dueAt, glanceAt), restingUntil) : .max
        let own = due == .max ? -1 : Int32(clamping: due > now ? due - now : 0)
        // -1 is for ever, which is the longest of all.
        return Int32(bitPattern: min(UInt32(bitPattern: own), UInt32(bitPattern: control.timeoutMilliseconds)))
    }

    /// Makes a look at the host due.
    mutating func lookAgain(at moment: UInt64) { dueAt = min(dueAt, moment) }

    /// Takes what the daemon says. Returns how much is to be taken back, once it is gone.
    private mutating func listen() -> Reconciler.Extent? {
        while true {
            guard let received = try? lifeline.descriptor.receiveNow(limit: KeeperMessage.length + 1) else {
                // There is nothing more for now; a line that is broken is ready for ever, and then says so by an end.
                return nil
            }
            if received.isEmpty { return .allButKillSwitch }
            if isDeaf { continue }
            switch KeeperMessage(received) {
            case .begin where !hasBegun: begin()
            case .address(let address, let slot):
                claims.hear(address, slot: Int(slot))
                pending?.claims.hear(address, slot: Int(slot))
                lookAgain(at: Clock.milliseconds)
            case .end: return .everything
            default:
                isDeaf = true
                log.error("the daemon says what it cannot say: the keeper does not listen to it any more")
            }
        }
    }

    private mutating func begin() {
        hasBegun = true
        // What the daemon has made in the end is in the file.
        if let state = (try? TunnelState.read(duty.reconciler.directory.state)) ?? nil {
            duty.reconciler = Reconciler(duty.reconciler.directory, state, isInFile: true)
        }
        lookAgain(at: 0)
    }

    private mutating func lookIfDue() {
        let start = Clock.milliseconds
        guard start >= restingUntil else { return }
        if start >= glanceAt {
            glanceAt = start + Pace.glance
            if isSomethingMissing() { dueAt = start } else { tell() }
        }
        guard start >= dueAt else { return }
        dueAt = start + Pace.look
        glanceAt = start + Pace.glance
        let hasFailed = look(at: start)
        let now = Clock.milliseconds
        restingUntil = now + min((now - start) * 4, Pace.longestRest)
        pause = hasFailed ? min(max(pause * 2, Pace.again.first), Pace.again.last) : 0
        if hasFailed { lookAgain(at: now + pause) }
        if let next = repairs.next { lookAgain(at: next) }
        tell()
    }

    /// Tells the daemon what is new; when there is no room, next time.
    private mutating func tell() {
        var news = KeeperNews(repairs: repairs.count, problem: problem, killSwitch: killSwitch)
        (news.judged, news.refused) = (claims.judged, claims.refusedForNews)
        guard news != told else { return }
        let octets = news.octets
        let isTold = (try? lifeline.descriptor.send(octets[...])) == octets.count
        told = isTold ? news : nil
    }
}
