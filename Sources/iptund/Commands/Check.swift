// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration

/// `iptund check`: whether a file says what `up` understands.
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check a configuration file, and say all that is wrong with it.",
        discussion: """
            Reads the file and its drop-ins, FILE.d/*.conf, and nothing else: addresses, routes and names are not \
            looked up. Needs no privilege.

            Exit status: 0 when up would take the file, or 2.
            """)

    @Argument(help: ArgumentHelp("The file, or NAME for /etc/iptund/NAME.conf.", valueName: "file|name"))
    var source: String

    /// How many mistakes are printed before the rest is only counted.
    static let limit = 20

    func run() throws {
        let files = ConfigurationFiles()
        let found = try files.read(source)
        guard !found.mistakes.isEmpty else { return print(Check.praise(files.path(of: source), found.settings)) }
        for line in Check.lines(about: found.mistakes) { standardError(line) }
        throw ExitCode(2)
    }

    /// `FILE: fine: 1 peer, device b`.
    static func praise(_ path: String, _ settings: TunnelSettings) -> String {
        let peers = settings.peers.count == 1 ? "1 peer" : "\(settings.peers.count) peers"
        return "\(path): fine: \(peers)" + (settings.device.map { ", device \($0.text)" } ?? "")
    }

    /// Each mistake in a line, or the first ones.
    static func lines(about mistakes: [Mistake]) -> [String] {
        var lines = mistakes.prefix(limit).map { "\($0.complaint)" }
        if mistakes.count > limit {
            let atLeast = mistakes.count < Draft.mistakeLimit ? "" : "at least "
            lines.append("... and \(atLeast)\(mistakes.count - limit) more")
        }
        return lines
    }
}
