// SPDX-License-Identifier: Apache-2.0

internal import Comparison
internal import Foundation

/// One comparison: round after round, and in each round everybody in turn, so that what changes on the machine in the
/// course of time meets all alike.
struct Session {
    private let subjects: [Subject]
    private var progress: Progress
    private(set) var results: Results

    /// What it takes to build a lab, bring a tunnel up in it, and take both down.
    private static let labSeconds = 2.0

    init(subjects: [Subject], missing: [Missing], settings: Settings) throws {
        self.subjects = subjects
        results = Results(
            date: ISO8601DateFormatter().string(from: Date()), machine: try ThisMachine.describe(), settings: settings,
            subjects: subjects.map { SubjectResult(name: $0.name, note: $0.note, version: Versions.of($0)) },
            missing: missing)
        progress = Progress(
            planned: Double(settings.rounds * subjects.count) * Session.planned(seconds: settings.seconds))
    }

    /// Measures everything.
    /// - Throws: ``Interrupted`` alone; what fails is noted, and the others go on.
    mutating func run() throws {
        defer { progress.end() }
        for round in 1...results.settings.rounds {
            for index in subjects.indices {
                var result = RoundResult(round: round)
                try measure(index, &result)
                results.subjects[index].rounds.append(result)
            }
        }
    }

    private static func planned(seconds: Int) -> Double {
        Measurement.allCases.reduce(labSeconds) { $0 + $1.plannedSeconds(each: seconds) }
    }

    /// One subject in one round.
    private mutating func measure(_ index: Int, _ result: inout RoundResult) throws {
        let (subject, settings) = (subjects[index], results.settings)
        let place = "round \(result.round)/\(settings.rounds), \(subject.name) (\(index + 1)/\(subjects.count))"
        var planned = Session.planned(seconds: settings.seconds)
        defer { progress.finish(planned: planned) }
        progress.tell("\(place): setting up")
        do {
            let lab = try Lab()
            defer { lab.destroy() }
            let tunnel = try subject.start(lab)
            try lab.waitForPing(tunnel)
            for measurement in Measurement.allCases {
                progress.tell("\(place): \(measurement.rawValue)")
                do {
                    try measurement.perform(on: tunnel, in: lab, seconds: settings.seconds, into: &result)
                } catch let complaint as Complaint {
                    note(complaint, of: measurement.rawValue, at: place, &result)
                }
                let done = measurement.plannedSeconds(each: settings.seconds)
                progress.finish(planned: done)
                planned -= done
                try lab.waitForPing(tunnel)
            }
        } catch let interrupted as Interrupted {
            throw interrupted
        } catch {
            let complaint = error as? Complaint ?? Complaint("\(error)", why: "unexpected", whatNow: "report this")
            note(complaint, of: "the tunnel", at: place, &result)
        }
    }

    private func note(_ complaint: Complaint, of what: String, at place: String, _ result: inout RoundResult) {
        // Nobody is asked to do anything about it now.
        let reason = "\(complaint.what): \(complaint.why)"
        result.failures.append(Failure(measurement: what, reason: reason))
        progress.note("\(place): \(what) failed: \(reason)")
    }
}
