// SPDX-License-Identifier: Apache-2.0

/// Everything that one comparison found, as it is saved.
package struct Results: Codable, Equatable, Sendable {
    /// What tells our files from others; the number changes when old readers would misread a file.
    package static let schema = 1
    package static let kind = "iptund-comparison"

    package var schema = Results.schema
    package var kind = Results.kind
    /// When it began: ISO 8601, UTC.
    package let date: String
    package let machine: Machine
    package let settings: Settings
    package var subjects: [SubjectResult]
    /// What could have been compared, but is not installed.
    package var missing: [Missing]

    package init(date: String, machine: Machine, settings: Settings, subjects: [SubjectResult], missing: [Missing]) {
        self.date = date
        self.machine = machine
        self.settings = settings
        self.subjects = subjects
        self.missing = missing
    }

    package func subject(_ name: String) -> SubjectResult? { subjects.first { $0.name == name } }
}

/// How it was measured: results of different settings tell different things.
package struct Settings: Codable, Equatable, Sendable {
    package let rounds: Int
    package let seconds: Int
    package let pings: Int
    package let pacedMegabits: Int
    /// What programs measured, by name: their versions.
    package let tools: [String: String]
    /// TSO, GSO and GRO of the underlay, as ethtool tells.
    package let offloads: [String: String]

    package init(
        rounds: Int, seconds: Int, pings: Int, pacedMegabits: Int, tools: [String: String],
        offloads: [String: String]
    ) {
        self.rounds = rounds
        self.seconds = seconds
        self.pings = pings
        self.pacedMegabits = pacedMegabits
        self.tools = tools
        self.offloads = offloads
    }
}

/// A subject that was not compared.
package struct Missing: Codable, Equatable, Sendable {
    package let name: String
    /// Why, and what to install.
    package let reason: String

    package init(name: String, reason: String) {
        self.name = name
        self.reason = reason
    }
}

/// All rounds of one subject.
package struct SubjectResult: Codable, Equatable, Sendable {
    package let name: String
    /// What it is, and what makes it unlike the others.
    package let note: String
    package let version: String
    package var rounds: [RoundResult]

    package init(name: String, note: String, version: String, rounds: [RoundResult] = []) {
        self.name = name
        self.note = note
        self.version = version
        self.rounds = rounds
    }

    /// A figure over all rounds in which it was measured.
    package func summary(_ figure: Figure) -> Summary? { Summary(rounds.compactMap { $0[figure] }) }
}

/// What one round found about one subject.
package struct RoundResult: Codable, Equatable, Sendable {
    /// From 1.
    package let round: Int
    /// By ``Figure``. What is not there was not measured: see the failures.
    package var values: [String: Double] = [:]
    /// Every reply's time, in the order of arrival.
    package var pingMicroseconds: [Double] = []
    /// Who used the processors during each measurement.
    package var usage: [String: Usage] = [:]
    package var failures: [Failure] = []

    package init(round: Int) { self.round = round }

    package subscript(figure: Figure) -> Double? {
        get { values[figure.rawValue] }
        set { values[figure.rawValue] = newValue }
    }
}

/// Why there is no figure.
package struct Failure: Codable, Equatable, Sendable {
    package let measurement: String
    package let reason: String

    package init(measurement: String, reason: String) {
        self.measurement = measurement
        self.reason = reason
    }
}
