// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Comparison
internal import Foundation

/// `compare table`: prints saved results as `run` did.
struct TableCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "table", abstract: "Print saved results.")

    @Argument(help: ArgumentHelp("What 'compare run' wrote.", valueName: "file"))
    var files: [String]

    func run() throws {
        for (index, file) in files.enumerated() {
            let results = try SavedResults.read(file)
            if files.count > 1 { print((index > 0 ? "\n" : "") + "== \(file)") }
            print(ResultsTable(results).text, terminator: "")
        }
    }
}
