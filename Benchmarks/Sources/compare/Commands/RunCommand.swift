// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Comparison
internal import Foundation

/// `compare run`: measures, prints, and saves.
struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Measure every tunnel that is installed. Needs root.")

    @Option(help: ArgumentHelp("The iptund to compare.", valueName: "path"))
    var iptund = ".build/release/iptund"

    @Option(help: ArgumentHelp("How often everything is measured.", valueName: "n"))
    var rounds = 3

    @Option(help: ArgumentHelp("How long each throughput is measured.", valueName: "s"))
    var seconds = 4

    @Option(
        help: ArgumentHelp(
            "Whom to compare, by comma: \(Subject.names.joined(separator: ", ")) (default: all).", valueName: "names"))
    var subjects: String?

    @Option(help: ArgumentHelp("Where results are saved.", valueName: "dir"))
    var output = "Benchmarks/results"

    func run() throws {
        let chosen = try checkUsage()
        try Preflight.check()
        let directory = try OutputDirectory(output)
        Interrupts.hold()
        let results: Results
        do { results = try measure(chosen) } catch let interrupted as Interrupted {
            standardError("compare: interrupted; everything was taken down, nothing was saved\n")
            throw ExitCode(128 + interrupted.signal)
        }
        print(ResultsTable(results).text)
        let files = try directory.save(results)
        print("saved: \(files.joined(separator: ", "))")
        if let failed = RunCommand.failure(results) { throw failed }
    }

    private func measure(_ chosen: [Subject]) throws -> Results {
        let (present, missing) = try Preflight.sort(chosen)
        for item in missing { standardError("compare: not compared: \(item.name): \(item.reason)\n") }
        guard !present.isEmpty else {
            throw Complaint(
                "compare run", why: "nothing that you named can be compared here", whatNow: "see the lines above")
        }
        var session = try Session(
            subjects: present, missing: missing, settings: try Preflight.settings(rounds: rounds, seconds: seconds))
        try session.run()
        return session.results
    }

    /// Everything that can be wrong with the arguments, before anything is done.
    private func checkUsage() throws(Complaint) -> [Subject] {
        try RunCommand.check(rounds, in: 1...100, option: "--rounds")
        try RunCommand.check(seconds, in: 1...600, option: "--seconds")
        let names = try chosenNames()
        let chosen = Subject.all(iptund: RunCommand.absolute(iptund)).filter { names?.contains($0.name) ?? true }
        if chosen.contains(where: { $0.name == ResultsTable.hero }) {
            let files = FileManager.default
            let exists = files.fileExists(atPath: iptund)
            // A directory is "executable" too, and has a dot in it.
            guard files.isExecutableFile(atPath: iptund), !files.fileExists(atPath: iptund + "/.") else {
                let why = exists ? "not a program that can be run" : "does not exist"
                throw .usage("--iptund \(iptund)", why: why, whatNow: "build it with 'make build', or name another")
            }
        }
        return chosen
    }

    private func chosenNames() throws(Complaint) -> [String]? {
        guard let subjects else { return nil }
        return try Suggestion.chosen(subjects, from: Subject.names)
    }

    private static func check(_ value: Int, in range: ClosedRange<Int>, option: String) throws(Complaint) {
        guard range.contains(value) else {
            throw .usage(
                "\(option) \(value)", why: "out of range",
                whatNow: "choose \(range.lowerBound) to \(range.upperBound)")
        }
    }

    private static func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FileManager.default.currentDirectoryPath + "/" + path
    }

    /// A comparison without the one that everything is about has failed; one without a rival has not.
    private static func failure(_ results: Results) -> Complaint? {
        let hero = results.subject(ResultsTable.hero)
        let measured = results.subjects.filter { $0.rounds.contains { !$0.values.isEmpty } }
        if measured.isEmpty || hero.map({ hero in !measured.contains(hero) }) ?? false {
            return Complaint(
                "compare run", why: "\(hero == nil ? "no subject" : ResultsTable.hero) could be measured",
                whatNow: "see the reasons above")
        }
        return nil
    }
}
