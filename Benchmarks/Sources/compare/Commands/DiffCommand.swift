// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Comparison

/// `compare diff`: what changed between two results of one machine.
struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff", abstract: "Print what changed between two results of one machine.")

    @Argument(help: "The results before.")
    var old: String

    @Argument(help: "The results after.")
    var new: String

    func run() throws {
        let (before, after) = (try SavedResults.read(old), try SavedResults.read(new))
        print(try DifferenceTable.text(old: before, new: after, newName: new), terminator: "")
    }
}
