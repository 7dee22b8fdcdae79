// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import FoundationEssentials
internal import Linux
internal import Tunnel
internal import Wire

/// What a tunnel answers to requests that change something.
struct ControlAnswer: Codable, Equatable {
    var schema = DocumentSchema.version
    /// Why it was refused, for people; `nil` when it was done.
    var error: String?
    /// The same for programs.
    var code: Code?
    /// What became of the peers.
    var peers: Peers?
    /// What the keeper did to the host: kinds of commands and commands.
    var commands: [[String]]?
    /// What people should know before packets vanish.
    var warnings: [String]?

    struct Peers: Codable, Equatable {
        var added: Int
        var removed: Int
        var changed: Int
        var kept: Int
    }

    /// Why something is refused: names that stay, whatever the sentences become (docs/control.md).
    enum Code: String, Codable, CaseIterable {
        /// Who asks may not ask that.
        case forbidden
        /// There is no such request.
        case unknownRequest = "unknown-request"
        /// The request is too long, or asks for something that makes no sense.
        case badRequest = "bad-request"
        /// What came with the request is not what should.
        case badAttachment = "bad-attachment"
        /// The new configuration has a mistake, or wants what cannot change while the tunnel is up.
        case badConfiguration = "bad-configuration"
        /// There is no room for so many peers until the tunnel starts again.
        case noRoom = "no-room"
        /// Others do the same already, as many as there can be.
        case busy
        /// Something went wrong in the tunnel.
        case failed
    }

    /// Something was done.
    init(peers: Peers? = nil) { self.peers = peers }

    /// The host was changed.
    init(commands: [HostChange.Command], warnings: [String] = []) {
        self.commands = commands.map { [$0.kind, $0.text] }
        self.warnings = warnings
    }

    /// Something was refused.
    init(_ code: Code, _ error: String) { (self.code, self.error) = (code, error) }

    /// Reads a code that a later version may have.
    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        schema = try values.decode(Int.self, forKey: .schema)
        error = try values.decodeIfPresent(String.self, forKey: .error)
        code = (try? values.decodeIfPresent(Code.self, forKey: .code)) ?? (error == nil ? nil : .failed)
        peers = try values.decodeIfPresent(Peers.self, forKey: .peers)
        commands = try values.decodeIfPresent([[String]].self, forKey: .commands)
        warnings = try values.decodeIfPresent([String].self, forKey: .warnings)
    }

    /// Reads what ``json`` wrote.
    init?(json: [UInt8]) {
        guard let answer = try? JSONDecoder().decode(ControlAnswer.self, from: Data(json)) else { return nil }
        self = answer
    }

    /// One line, keys in a stable order.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        guard let data = try? encoder.encode(self) else { return #"{"code":"failed","schema":\#(schema)}"# }
        return String(decoding: data, as: UTF8.self)
    }
}

/// Questions and orders that come by the control socket.
extension Service {
    mutating func answer(
        _ request: ControlRequest, _ atDevice: borrowing Netlink, _ netlink: borrowing Netlink
    ) -> String {
        switch request.verb {
        case ControlRequest.show: return show(atDevice, netlink)
        case "down", "reload":
            guard request.right == .order else {
                return ControlAnswer(.forbidden, "only root may do this").json
            }
            if request.verb == "reload" { return reload(request.attachment, atDevice, netlink).json }
            ending = .asked
            return ControlAnswer().json
        default: return ControlAnswer(.unknownRequest, "unknown request").json
        }
    }

    private mutating func show(_ atDevice: borrowing Netlink, _ netlink: borrowing Netlink) -> String {
        let (slots, now) = (roster.members.count, Clock.milliseconds)
        let counted = datapath.snapshots(slots: slots)
        // Who looks here may look into the log as well.
        note(counted)
        let moment = Reporter.Moment(
            roster: roster, policy: settings.policy, counted: counted,
            predecessors: predecessors, pathMTU: datapath.pathMTU(slots: slots, at: now), underlayMTU: underlayMTU,
            // By number: a device that was renamed is still ours.
            link: try? atDevice.link(index: device), problem: problem ?? keeperNews.problem,
            obstacles: obstacles(netlink),
            refused: Set(roster.places.filter { sending.isRefused($0, at: now) }),
            socketOverflows: datapath.socketOverflows,
            repairs: keeperNews.repairs, killSwitch: keeperNews.killSwitch, liveness: liveness, now: now)
        return (try? ReportDocument(tunnels: [report.report(moment)]).json(pretty: false))
            ?? ControlAnswer(.failed, "the report cannot be written as JSON").json
    }

    /// Goes on by another configuration, which is read like a file: whoever sends it may be root, and mistaken.
    ///
    /// The command that asks has seen to the host already.
    private mutating func reload(
        _ text: [UInt8]?, _ atDevice: borrowing Netlink, _ netlink: borrowing Netlink
    ) -> ControlAnswer {
        guard let text else { return ControlAnswer(.badAttachment, "no configuration came with it") }
        let next: TunnelSettings
        do throws(Complaint) {
            next = try Interpretation(ConfigurationText.read(text, file: "the configuration")).checked()
            try Reloading.check(next, against: settings)
        } catch {
            return ControlAnswer(.badConfiguration, error.description)
        }
        var replaced = roster
        guard let changes = replaced.replace(by: next.peers) else {
            roster = replaced
            return ControlAnswer(
                .noRoom,
                "there is room for \(roster.capacity) peers, those that go included, until the tunnel starts again")
        }
        guard (try? replaced.table()) != nil else {
            return ControlAnswer(.badConfiguration, "the peers contradict each other")
        }
        adopt(next, replaced, changes, atDevice, netlink)
        return ControlAnswer(
            peers: ControlAnswer.Peers(
                added: changes.added, removed: changes.removed, changed: changes.changed, kept: changes.kept))
    }

    private mutating func adopt(
        _ next: TunnelSettings, _ replaced: Roster, _ changes: Roster.Changes, _ atDevice: borrowing Netlink,
        _ netlink: borrowing Netlink
    ) {
        // What was counted so far is said of those who are peers so far.
        note()
        let counted = datapath.snapshots(slots: roster.members.count)
        for place in changes.taken { predecessors.note(place, counted) }
        for place in changes.taken + changes.moved {
            observer.forget(place)
            sending.forget(place)
            limit.forget(place)
            forgetLiveness(at: place)
            saidProblems[place] = nil
            datapath.forgetWay(at: place)
        }
        status.note()
        roster = replaced
        settings = next
        if let link = try? atDevice.link(index: device) { mtu = link.mtu }
        let now = Clock.milliseconds
        names.follow(roster.hosts, at: now)
        // Whoever reloads may know that a name leads elsewhere now, and need not wait for the next time.
        names.askAgain(at: now)
        // In places that the keeper has not heard of before. What is in use stays in use.
        for place in roster.places where roster.members[place]?.host != nil { tellKeeper(about: place) }
        prober?.follow(next)
        reorder()
        watch.lookAgain(at: now)
    }
}
