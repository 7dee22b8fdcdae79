// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Linux

/// `iptund status`: one line for people, an exit status for scripts.
struct Status: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Say in one line how a tunnel is.",
        discussion: "Exit status: 0 up, 3 degraded (the device is switched off), 4 down, 1 if it cannot be told.")

    @Argument(help: "The tunnel.")
    var name: String

    @OptionGroup var location: RuntimeOption

    func run() throws {
        guard let answer = try? RunningTunnels.ask(name, directory: location.directory).first else {
            print("\(name): down")
            throw ExitCode(4)
        }
        switch answer {
        case .report(let report):
            print(Status.line(report))
            if report.state == .degraded { throw ExitCode(3) }
        case .unreadable(_, let error):
            throw Complaint("tunnel \(name)", error, whatNow: "run it as root or as a member of group iptund")
        }
    }

    static func line(_ report: TunnelReport) -> String {
        let peers = report.peers.map(\.endpoint).joined(separator: ", ")
        let dropped = report.encapsulate.dropped + report.decapsulate.dropped
        let why = report.state == .degraded ? " (the device is down: ip link set \(report.name) up)" : ""
        return "\(report.name): \(report.state.rawValue)\(why) \(ReportText.duration(report.uptimeSeconds)), "
            + "\(report.local) to \(peers), mtu \(report.mtu), \(dropped) dropped"
    }
}
