// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Tunnel
internal import Wire

/// What changes on the host while the tunnel is up, and what is done about it.
extension Service {
    /// What the data threads go by now. The roster was checked when it was made.
    func orders() throws(Errno) -> Datapath.Orders {
        guard let table = try? roster.table() else { throw .invalidArgument }
        return Datapath.Orders(
            rules: RuleSet(table: table, ownAddresses: ownAddresses, broadcasts: broadcasts), policy: settings.policy,
            mtu: mtu)
    }

    /// The broadcast addresses of the device's networks; a network of two has none (RFC 3021).
    private var broadcasts: Set<IPv4Address> {
        Set(settings.addresses.filter { $0.prefixLength < 31 }.compactMap { $0.connected?.last })
    }

    /// Hands the data threads what is known now.
    mutating func reorder() {
        guard let orders = try? orders() else { return }
        datapath.replace(orders)
        datapath.follow(roster.commonLocal)
    }

    /// Looks at the host, when it is due, and tells the data path what changed.
    mutating func follow(_ place: borrowing DevicePlace, _ netlink: borrowing Netlink) {
        let now = Clock.milliseconds
        let question = HostWatch.Question(
            endpoints: roster.endpoints(), local: settings.local, device: isDeviceHere ? device : 0,
            mark: report.mark)
        guard let findings = watch.look(question, netlink, atDevice: place.netlink, at: now) else { return }
        names.hurry(at: now)
        let (hadAddresses, before) = (ownAddresses, roster.members)
        ownAddresses = findings.addressesAtDevice
        let hasMoved = settle(findings)
        judgeInnerRoutes(place.netlink)
        if hasStarted { sayLocals(since: before, at: now) }
        if hasMoved || ownAddresses != hadAddresses { reorder() }
        say(findings, at: now)
        if hasStarted { sayProblems(at: now) }
        judgeLocal(findings.addresses)
        judgeDevice(place.netlink)
        note()
        watch.rest(since: now)
    }

    /// Takes down how each peer is reached now. Returns whether any of our own ends is another one.
    private mutating func settle(_ findings: HostWatch.Findings) -> Bool {
        var hasMoved = false
        let endpoints = roster.endpoints()
        var widest = 0
        for place in roster.places {
            guard let way = findings.ways[place], endpoints[place] != nil else {
                roster.settle(place, because: problem(at: place, endpoints))
                continue
            }
            // A way into the tunnel itself is none, and its source is the tunnel's own: the peer knows us by another.
            guard !findings.inTunnel.contains(place) else {
                let problem = "packets to it are routed into \(report.device), the tunnel itself"
                roster.settle(place, because: problem)
                // The line about the route says it, and how to mend it.
                saidProblems[place] = problem
                continue
            }
            let hadProblem = roster.members[place]?.problem != nil
            if roster.settle(place, by: way, own: findings.addresses) { hasMoved = true }
            guard case .success(let found) = way else { continue }
            // That no packet could be sent while there was no way says nothing any more.
            if hadProblem { sending.forget(place) }
            // What routers of the old way said says nothing of the new one.
            if findings.newWays.contains(where: { $0.peer == endpoints[place] }) { datapath.forgetWay(at: place) }
            datapath.setUnderlayMTU(found.mtu, at: place)
            widest = max(widest, found.mtu)
        }
        if widest > 0 { underlayMTU = widest }
        return hasMoved
    }

    /// Takes down which peers have lost the routes into the tunnel that it made.
    private mutating func judgeInnerRoutes(_ netlink: borrowing Netlink) {
        guard case .automatic = settings.table, settings.policy.only != .decapsulate else { return }
        let blocks = roster.places.filter { !silentNames.lost.contains($0) }.map {
            (slot: $0, prefixes: roster.members[$0]?.settings.allowed ?? [])
        }
        for (place, prefix) in innerRoutes.look(blocks, device, netlink) where roster.members[place]?.problem == nil {
            roster.settle(place, because: "\(prefix), which is behind it, is not routed into \(report.device) any more")
        }
    }

    /// Why a peer has no address that could be asked about.
    private func problem(at place: Int, _ endpoints: [IPv4Address?]) -> String {
        guard let member = roster.members[place], let address = member.address else {
            return roster.members[place]?.host.flatMap { strangeNames[$0] } ?? "its name has no address yet"
        }
        if member.isHeld { return questions.refusals[place] ?? "its address \(address) is new" }
        let owner = roster.places.first { endpoints[$0] == address }.flatMap { roster.members[$0]?.label }
        return "its name leads to \(address), which is \(owner ?? "another peer")'s"
    }

    /// Says from which address packets leave now.
    private mutating func sayLocals(since before: [Roster.Member?], at now: UInt64) {
        var said: Set<IPv4Address> = []
        for place in roster.places where place < before.count {
            guard let local = roster.members[place]?.local, let old = before[place]?.local, local != old,
                said.insert(local).inserted
            else { continue }
            status.note()
            say(
                LogLine(
                    topic: .local, level: .notice,
                    text: "packets leave from another address now, and not from \(old) any more: peers have to know",
                    fields: ["local": "\(local)"], about: "\(local)"), at: now)
        }
    }

    private mutating func say(_ findings: HostWatch.Findings, at now: UInt64) {
        for peer in findings.newlyInTunnel {
            say(
                LogLine(
                    topic: .inTunnel, level: .warning,
                    text: "a peer is routed into its own tunnel; add a route to it that avoids the device",
                    fields: ["address": "\(peer)", "device": "\(report.device)"], about: "\(peer)"), at: now)
        }
        for way in findings.newWays {
            var fields: Logger.Metadata = ["address": "\(way.peer)", "device": "\(way.device)"]
            if let gateway = way.gateway { fields["via"] = "\(gateway)" }
            say(
                LogLine(
                    topic: .way, level: .notice, text: "packets to a peer leave by another way now", fields: fields,
                    about: "\(way.peer)"), at: now)
        }
        sayCounts(at: now)
    }

    /// An outer address that `Local` names may be gone for a while: nothing can come back until it is there again.
    private mutating func judgeLocal(_ addresses: Set<IPv4Address>) {
        guard let local = settings.local else { return }
        problem = addresses.contains(local) ? nil : Reporter.missing(local)
    }

    /// A device that was moved to another network namespace is out of reach: a new start makes a new one.
    private mutating func judgeDevice(_ netlink: borrowing Netlink) {
        do throws(Errno) {
            guard try netlink.link(index: device) == nil else { return }
        } catch {
            return
        }
        ending = .failed(
            Complaint(
                "device \(report.device)", why: "was deleted, or moved to another network namespace",
                whatNow: "start the tunnel again: 'iptund up'"))
    }
}
