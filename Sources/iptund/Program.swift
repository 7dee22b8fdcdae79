// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import ArgumentParser
internal import Glibc
internal import Linux

/// `iptund`: the verbs, and what their errors look like.
struct Program: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iptund",
        abstract: "IP-in-IP tunnels (RFC 2003) that set themselves up and tell you what is wrong.",
        discussion: """
            Two hosts, one command each, and a tunnel stands between them:

              iptund up --peer 111.112.100.86       on 111.112.101.37
              iptund up --peer 111.112.101.37       on 111.112.100.86

            Exit status: 0 fine, 1 failed, 2 wrong usage; `iptund status` has its own.
            """,
        version: Program.version,
        subcommands: [Show.self, Up.self, Status.self, Demo.self],
        defaultSubcommand: Show.self)

    /// What `--version` prints; a release changes it together with CHANGELOG.md.
    static let version = "0.1.0"
}

/// Starts the program.
///
/// Not the library's own entry point: that one ends usage errors with 64 and several lines, where everybody else's tools
/// say one line and end with 2.
@main
enum Main {
    static func main() {
        do {
            var command = try Program.parseAsRoot()
            try command.run()
        } catch let complaint as Complaint {
            standardError("iptund: \(complaint)")
            exit(complaint.exitCode)
        } catch {
            end(with: error)
        }
    }

    /// Ends the program after something that the argument parser threw: help and version are no errors.
    private static func end(with error: any Error) -> Never {
        let code = Program.exitCode(for: error)
        if code.isSuccess || !(code == .validationFailure) { Program.exit(withError: error) }
        let message = Program.message(for: error).split(separator: "\n").joined(separator: " ")
        standardError("iptund: \(message); see 'iptund --help' or 'iptund VERB --help'")
        exit(2)
    }
}

/// Prints one line to standard error.
func standardError(_ line: String) { Console.writeError(line + "\n") }
