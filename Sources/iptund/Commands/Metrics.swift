// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration
internal import Linux

/// `iptund metrics`: what Prometheus wants to know of all tunnels of this network namespace.
struct Metrics: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print metrics of all tunnels here, in the text format of Prometheus.",
        discussion: """
            Exit status: 0, also when no tunnel is up; 1 when a tunnel's metrics are not for you; 3 when a tunnel did not \
            answer, whose iptund_tunnel_readable is 0 then.
            """)

    @OptionGroup var location: RuntimeOption

    func run() throws {
        var reports: [TunnelReport] = []
        var unreadable: [String] = []
        for answer in try RunningTunnels.ask(nil, directory: location.directory) {
            switch answer {
            case .report(let report): reports.append(report)
            case .unreadable(let name, let error):
                let complaint = RunningTunnels.complaint(aboutUnreadable: name, error)
                // That would look as if there were no traffic, for as long as nobody reads the log.
                if error == .permissionDenied || error == .notPermitted { throw complaint }
                standardError("iptund: \(complaint)")
                unreadable.append(name)
            }
        }
        let now = Double(Clock.wall) / 1_000_000
        let input = MetricsInput(version: Program.version, reports: reports, unreadable: unreadable, now: now)
        print(MetricsText.text(input), terminator: "")
        if !unreadable.isEmpty { throw ExitCode(3) }
    }
}
