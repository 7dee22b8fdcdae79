// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// Turns counters and set-up into a ``TunnelReport``.
struct Reporter {
    let name: String
    /// The device, by the name that it had at the start.
    let device: String
    let processID: Int32
    let namespace: UInt64
    /// When the tunnel came up, milliseconds of ``Clock``.
    let start: UInt64
    /// The same, seconds since 1970.
    var startTimeSeconds = Clock.wall / 1_000_000
    let workers: Int
    /// What outer packets are marked with.
    var mark = PacketMark.standard
    /// What could not be given up, known once it was tried.
    var shortfalls: [Privileges.Shortfall] = []

    /// What is known at one moment, milliseconds of ``Clock``.
    struct Moment {
        let roster: Roster
        let policy: TunnelPolicy
        /// Both directions, as counted since the start.
        let counted: (encapsulated: Counters.Snapshot, decapsulated: Counters.Snapshot)
        let predecessors: Predecessors
        /// By place, octets.
        let pathMTU: [Int]
        /// The longest outer packet that the way to any peer takes; 0 when no way is known.
        let underlayMTU: Int
        /// The device as it is now, `nil` when it is gone.
        let link: Link?
        /// Why packets cannot pass, beside what the peers say themselves.
        let problem: String?
        /// Why nothing reaches a peer although there is a route to it, by slot.
        var obstacles: [Int: String] = [:]
        /// Slots to whose peers packets were refused by ICMP errors of late.
        var refused: Set<Int> = []
        /// Packets that the raw socket had no room for.
        let socketOverflows: UInt64
        /// How often the keeper made something again.
        var repairs: UInt64 = 0
        /// What keeps its packets from leaving by another way.
        var killSwitch: KillSwitchNews?
        let liveness: LivenessBook
        let now: UInt64
    }

    /// The two ends, for people.
    static func ends(_ roster: Roster) -> String {
        let members = roster.places.compactMap { roster.members[$0] }
        guard !members.isEmpty else { return "from anybody who is accepted" }
        var remotes = members.prefix(3).map { member in
            member.address.map { "\($0)" } ?? "\(member.label) (no address yet)"
        }
        if members.count > 3 { remotes.append("\(members.count - 3) more") }
        return (local(roster).map { "\($0) " } ?? "") + "to \(remotes.joined(separator: ", "))"
    }

    /// The two ends, which peers cannot be reached, and how many packets were dropped, the most frequent reasons first.
    static func status(_ roster: Roster, _ drops: [Drop: UInt64] = [:]) -> String {
        ([ends(roster)] + [notReached(roster), dropped(drops)].compactMap(\.self)).joined(separator: "; ")
    }

    private static func notReached(_ roster: Roster) -> String? {
        let troubled = roster.places.compactMap { roster.members[$0] }.filter { $0.problem != nil }
        guard !troubled.isEmpty else { return nil }
        return "not reached: \(list(troubled.map(\.label)))"
    }

    private static func dropped(_ drops: [Drop: UInt64]) -> String? {
        let total = drops.values.reduce(0, +)
        guard total > 0 else { return nil }
        let reasons = drops.sorted { ($0.value, $1.key.rawValue) > ($1.value, $0.key.rawValue) }
        return "\(total) dropped (\(list(reasons.map { "\($0.key.name) \($0.value)" })))"
    }

    /// The first three, and how many more there are.
    private static func list(_ words: [String]) -> String {
        (words.prefix(3) + (words.count > 3 ? ["\(words.count - 3) more"] : [])).joined(separator: ", ")
    }

    /// Our outer address, or that there are several; `nil` when none is known.
    private static func local(_ roster: Roster) -> String? {
        let locals = Set(roster.places.compactMap { roster.members[$0]?.local })
        guard let local = locals.first else { return roster.local.map { "\($0)" } }
        return locals.count == 1 ? "\(local)" : "several addresses"
    }

    /// The report of a moment.
    func report(_ moment: Moment) -> TunnelReport {
        let (link, counted) = (moment.link, moment.counted)
        let problem = problem(moment)
        return TunnelReport(
            name: name, device: link?.name ?? device, state: problem == nil ? .up : .degraded, problem: problem,
            pid: processID,
            namespace: namespace,
            uptimeSeconds: (moment.now - start) / 1000, startTimeSeconds: startTimeSeconds, mtu: link?.mtu ?? 0,
            underlayMTU: moment.underlayMTU,
            local: local(moment), mark: mark,
            only: moment.policy.only?.rawValue, workers: workers,
            acceptFrom: moment.policy.acceptance.description,
            peers: moment.roster.places.sorted { order($0, moment) < order($1, moment) }.map { peer($0, moment) },
            encapsulate: direction(counted.encapsulated), decapsulate: direction(counted.decapsulated),
            kernelLosses: TunnelReport.KernelLosses(socket: moment.socketOverflows, device: link?.sendDrops ?? 0),
            repairs: moment.repairs, killSwitch: moment.killSwitch,
            privilegeShortfalls: shortfalls.map(\.description))
    }

    private func local(_ moment: Moment) -> String {
        if let local = Reporter.local(moment.roster) ?? moment.policy.local.map({ "\($0)" }) { return local }
        return moment.roster.places.isEmpty ? "any" : "none yet"
    }

    /// Peers are shown as the configuration lists them.
    private func order(_ place: Int, _ moment: Moment) -> Int { moment.roster.members[place]?.order ?? 0 }

    /// Why packets cannot pass, in a sentence; `nil` when they can, to some peer at least.
    private func problem(_ moment: Moment) -> String? {
        guard let link = moment.link else { return "the device is gone" }
        guard link.isUp else { return "the device is down: ip link set dev \(link.name) up" }
        if let problem = moment.problem { return problem }
        let peers = moment.roster.places.compactMap { place in
            moment.roster.members[place].map { member in
                (member.label, member.problem ?? obstacle(place, moment) ?? silence(place, moment))
            }
        }
        guard let first = peers.first, peers.allSatisfy({ $0.1 != nil }) else { return nil }
        let problem = "peer \(first.0): \(first.1 ?? "")"
        return peers.count == 1 ? problem : "\(problem); and no other peer can be reached"
    }

    /// Why nothing reaches a peer, as far as a look at the host tells, or ICMP errors do where nothing ever came from it.
    private func obstacle(_ place: Int, _ moment: Moment) -> String? {
        if let obstacle = moment.obstacles[place] { return obstacle }
        let received = moment.predecessors.own(place, moment.counted).received
        guard received.delivered == 0, moment.refused.contains(place), moment.policy.only != .encapsulate,
            let report = ICMPReport(encoded: received.lastError), report.type == 3, report.code != 4,
            report.offender != moment.roster.members[place]?.local
        else { return nil }
        return "nothing came from it so far, and packets to it are refused: \(report.description)"
    }

    /// That a peer does not answer any more.
    private func silence(_ place: Int, _ moment: Moment) -> String? {
        moment.liveness.standing(place, heard: 0, at: moment.now).state == .down ? "it does not answer" : nil
    }

    /// That an end of ours is gone.
    static func missing(_ end: IPv4Address) -> String { "\(end) is no address of this host any more" }

    private func peer(_ place: Int, _ moment: Moment) -> TunnelReport.Peer {
        let (member, now) = (moment.roster.members[place], moment.now)
        let (sent, received) = moment.predecessors.own(place, moment.counted)
        // A data thread may have read its clock after us.
        let age = received.lastDelivered == 0 ? nil : (max(now, received.lastDelivered) - received.lastDelivered) / 1000
        let standing = moment.liveness.standing(place, heard: received.lastDelivered, at: now)
        return TunnelReport.Peer(
            name: member?.settings.name, host: member?.host, endpoint: member?.address.map { "\($0)" },
            local: member?.local.map { "\($0)" }, problem: member?.problem ?? obstacle(place, moment),
            allowedIPs: (member?.settings.allowed ?? [.all]).map(\.description),
            pathMTU: moment.pathMTU[place], icmpErrorsReceived: received.errors,
            lastICMPError: ICMPReport(encoded: received.lastError)?.description,
            probe: member?.settings.probe.map { "\($0)" }, liveness: standing.state, proof: standing.proof,
            rttMicroseconds: standing.roundTrip, lossPercent: standing.lossPercent, lastReceivedSecondsAgo: age,
            received: transfer(received), sent: transfer(sent))
    }

    private func transfer(_ entry: Counters.Entry) -> TunnelReport.Transfer {
        TunnelReport.Transfer(packets: entry.delivered, octets: entry.deliveredOctets, drops: named(entry.drops))
    }

    private func direction(_ snapshot: Counters.Snapshot) -> TunnelReport.Direction {
        TunnelReport.Direction(
            received: snapshot.received, delivered: snapshot.delivered, dropped: snapshot.dropped,
            drops: named(snapshot.interface.drops), gsoPackets: snapshot[.superpackets],
            coalesced: snapshot[.coalesced],
            outerPackets: snapshot[.datagrams], fragmented: snapshot[.fragmented], icmpErrorsSent: snapshot[.answers],
            icmpErrorsRateLimited: snapshot[.suppressedAnswers], icmpErrorsReceived: snapshot.errors,
            strayICMPErrors: snapshot[.strayErrors],
            lastICMPError: ICMPReport(encoded: snapshot.lastError)?.description,
            unexpectedECN: snapshot[.unexpectedECN], dangerousECN: snapshot[.dangerousECN])
    }

    private func named(_ drops: [Drop: UInt64]) -> [String: UInt64] {
        Dictionary(uniqueKeysWithValues: drops.map { ($0.key.name, $0.value) })
    }
}
