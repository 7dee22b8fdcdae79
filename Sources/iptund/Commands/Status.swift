// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Tunnel

/// `iptund status`: a line for people and one for each reason of drops, an exit status for scripts.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say how a tunnel is, and what its drops mean.",
        discussion: "Exit status: 0 up, 3 degraded (packets cannot pass), 4 down, 1 if it cannot be told.")

    @Argument(help: "The tunnel.")
    var name: String

    @OptionGroup var location: RuntimeOption

    func run() throws {
        switch try RunningTunnels.ask(name, directory: location.directory).first {
        case nil:
            let stands = RunningTunnels.withKillSwitchAlone().contains(name)
            print("\(name): down\(stands ? ", and its kill switch stands: 'iptund down \(name)' lifts it" : "")")
            throw ExitCode(4)
        case .report(let report):
            print(Status.line(report))
            for line in Status.silent(report) + Status.explanations(report) { print("  \(line)") }
            if report.state == .degraded { throw ExitCode(3) }
        case .unreadable(_, let error):
            throw RunningTunnels.complaint(aboutUnreadable: name, error)
        }
    }

    /// Each peer that was asked for a sign of life, and does not always answer.
    static func silent(_ report: TunnelReport) -> [String] {
        report.peers.filter { $0.liveness == .down || $0.liveness == .degraded }.map { peer in
            let name = peer.name ?? peer.host ?? peer.endpoint ?? "?"
            let age = peer.lastReceivedSecondsAgo.map { "last received \(ReportText.duration($0)) ago" }
            return "peer \(name): \(ReportText.liveness(peer) ?? ""), \(age ?? "nothing received yet")"
        }
    }

    /// Each reason for drops: how many, what happened, and what to look at.
    static func explanations(_ report: TunnelReport) -> [String] {
        let sources =
            [report.encapsulate.drops, report.decapsulate.drops]
            + report.peers.flatMap { [$0.sent.drops, $0.received.drops] }
        var counts: [String: UInt64] = [:]
        for drops in sources { counts.merge(drops, uniquingKeysWith: +) }
        return Drop.allCases.compactMap { drop in
            guard let count = counts[drop.name] else { return nil }
            let (sentence, hint) = drop.explanation
            return "\(drop.name) \(count): \(sentence); \(hint)"
        }
    }

    static func line(_ report: TunnelReport) -> String {
        var peers = report.peers.prefix(3).map { $0.endpoint ?? $0.host ?? $0.name ?? "?" }
        if report.peers.count > 3 { peers.append("\(report.peers.count - 3) more") }
        if peers.isEmpty { peers = ["nobody"] }
        let dropped = report.encapsulate.dropped + report.decapsulate.dropped
        let why = report.problem.map { " (\($0))" } ?? ""
        return "\(report.name): \(report.state.rawValue)\(why) \(ReportText.duration(report.uptimeSeconds)), "
            + "\(report.local) to \(peers.joined(separator: ", ")), mtu \(report.mtu), \(dropped) dropped"
    }
}
