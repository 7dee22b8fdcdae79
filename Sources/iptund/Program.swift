// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import ArgumentParser
internal import Glibc
internal import Linux
internal import Logging

/// `iptund`: the verbs, and what their errors look like.
struct Program: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "iptund",
        abstract: "IP-in-IP tunnels (RFC 2003) that set themselves up and tell you what is wrong.",
        discussion: """
            Two hosts, one command each, and a tunnel stands between them:

              iptund up --peer 111.112.100.86       on 111.112.101.37
              iptund up --peer 111.112.101.37       on 111.112.100.86

            Exit status: 0 fine, 1 failed, 2 wrong usage; `iptund status` and `doctor` have more.
            """,
        version: Program.version,
        subcommands: [
            Show.self, Up.self, Down.self, Reload.self, Status.self, DoctorCommand.self, Ping.self, Monitor.self,
            CaptureCommand.self,
            Metrics.self, Check.self, Demo.self,
        ],
        defaultSubcommand: Show.self)

    /// Why `word`, which is no verb and not a tunnel's name either, was probably meant to be a verb; `nil` if it was not.
    ///
    /// Two letters are too few to tell: it takes one slip to make `up` of most tunnels' names.
    static func misspelling(_ word: String) -> Complaint? {
        let verbs = configuration.subcommands.map { $0.configuration.commandName ?? "\($0)".lowercased() }
        guard word.count > 2, !verbs.contains(word), let verb = Suggestion.nearest(to: word, in: verbs) else {
            return nil
        }
        return .usage("'\(word)'", why: "neither a verb nor a tunnel that is up", whatNow: "did you mean '\(verb)'?")
    }

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
        Console.openMissingStreams()
        do {
            var command = try Program.parseAsRoot()
            try command.run()
            finishOutput()
        } catch let complaint as Complaint {
            StandardErrorLog.logger().error("\(complaint)")
            exit(complaint.exitCode)
        } catch let error as Errno {
            let complaint = Complaint(
                "cannot go on", error, whatNow: "is the limit of open files ('ulimit -n') or of memory reached?")
            StandardErrorLog.logger().error("\(complaint)")
            exit(complaint.exitCode)
        } catch {
            end(with: error)
        }
    }

    /// What was printed and could not be written is no success. Who reads no more has had enough.
    private static func finishOutput() {
        do throws(Errno) {
            try Console.flushOutput()
        } catch .brokenPipe {
            return
        } catch {
            standardError("iptund: standard output: \(error); what was printed is not whole: is the disk full?")
            exit(1)
        }
    }

    /// Ends the program after something that the argument parser threw: help and version are no errors.
    private static func end(with error: any Error) -> Never {
        finishOutput()
        let code = Program.exitCode(for: error)
        if code.isSuccess || !(code == .validationFailure) { Program.exit(withError: error) }
        if let complaint = Program.misspelling(CommandLine.arguments.dropFirst().first ?? "") {
            standardError("iptund: \(complaint)")
            exit(2)
        }
        let message = Program.message(for: error).split(separator: "\n").joined(separator: " ")
        standardError("iptund: \(message); see 'iptund --help' or 'iptund VERB --help'")
        exit(2)
    }
}

/// Prints one line to standard error, and one only, whatever is in it.
func standardError(_ line: String) { Console.writeError("\(line.printable)\n") }
