// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration
internal import Linux

/// `iptund show`, or just `iptund`: interface, peers, transfer, drops by reason.
struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the tunnels of this network namespace (the default verb).",
        discussion: """
            Exit status: 0; 1 when the named tunnel is not up or does not answer; 3 when, of all, some do not answer.
            """)

    @Argument(help: "The tunnel; all of them when left out.")
    var name: String?

    @Flag(help: "As JSON, with \"schema\": 2.")
    var json = false

    @OptionGroup var location: RuntimeOption

    func run() throws {
        let answers = try RunningTunnels.ask(name, directory: location.directory)
        if let name, answers.isEmpty {
            // `iptund statsu` comes here, because this is the default verb.
            throw Program.misspelling(name) ?? RunningTunnels.complaint(about: name, directory: location.directory)
        }
        if answers.isEmpty {
            standardError("iptund: no tunnel is up in this network namespace; 'iptund up --help' says how to start one")
        }
        if name == nil, location.directory == nil {
            for left in RunningTunnels.withKillSwitchAlone() {
                standardError(
                    "iptund: tunnel \(left) is not up, and its kill switch stands: 'iptund down \(left)' lifts it")
            }
        }
        var reports: [TunnelReport] = []
        for answer in answers {
            switch answer {
            case .report(let report): reports.append(report)
            case .unreadable(let unreadable, let error):
                let complaint = RunningTunnels.complaint(aboutUnreadable: unreadable, error)
                if name != nil { throw complaint }
                standardError("iptund: \(complaint)")
            }
        }
        if json {
            print(try ReportDocument(tunnels: reports).json(pretty: true))
        } else {
            print(reports.map(ReportText.text).joined(separator: "\n"), terminator: "")
        }
        if reports.count < answers.count { throw ExitCode(3) }
    }
}
