// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Comparison
internal import Glibc

/// `compare`: iptund beside other tunnels, on this machine.
struct Program: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare iptund with other tunnels: throughput, loss, round trips, CPU.",
        discussion: """
            Two network namespaces of this machine, one tunnel between them at a time, several rounds.

              sudo .build/release/compare run --iptund PATH
              .build/release/compare table Benchmarks/results/*.json
              .build/release/compare diff OLD.json NEW.json

            Exit status: 0 fine, 1 failed, 2 wrong usage, 130 interrupted.
            """,
        subcommands: [RunCommand.self, TableCommand.self, DiffCommand.self])
}

/// Starts the program; its errors look like those of iptund itself: one line, and 2 for wrong usage.
@main
enum Main {
    static func main() {
        do {
            var command = try Program.parseAsRoot()
            try command.run()
        } catch let complaint as Complaint {
            standardError("compare: \(complaint)\n")
            exit(complaint.exitCode)
        } catch {
            end(with: error)
        }
    }

    /// Ends the program after something that the argument parser threw: help is no error.
    private static func end(with error: any Error) -> Never {
        let code = Program.exitCode(for: error)
        if code.isSuccess || !(code == .validationFailure) { Program.exit(withError: error) }
        let message = Program.message(for: error).split(separator: "\n").joined(separator: " ")
        standardError("compare: \(message); see 'compare --help' or 'compare VERB --help'\n")
        exit(2)
    }
}

/// Writes to standard error. Nobody may be there to read it any more, which is no reason to end with a lab standing.
func standardError(_ text: String) {
    let bytes = Array(text.utf8)
    _ = unsafe write(2, bytes, bytes.count)
}
