// SPDX-License-Identifier: Apache-2.0

/// What reading a configuration file came to, for those outside of this package: the fuzzers.
public struct Reading: Equatable {
    private let interpretation: Interpretation

    /// Reads a file that is called `f`.
    public init(_ octets: [UInt8]) {
        interpretation = Interpretation(ConfigurationText.read(octets, file: "f"))
    }

    /// Something wrong with it.
    public struct Fault: Equatable, Sendable {
        /// Where, counted from 1.
        public let line: Int
        /// Which character of the line, counted from 1.
        public let column: Int
        /// The line that people read.
        public let text: String
    }

    /// All that is wrong, in order; a mistake without a place in the file is at line 0.
    public var faults: [Fault] {
        interpretation.mistakes.map { mistake in
            switch mistake.place {
            case .flag: Fault(line: 0, column: 0, text: "\(mistake.complaint)")
            case .file(_, let line, let column): Fault(line: line, column: column, text: "\(mistake.complaint)")
            }
        }
    }

    /// The file that `up --save` would write.
    public var rendered: String { ConfigurationText.render(interpretation.settings) }

    /// Whether both mean the same, wherever it is written.
    public static func == (one: Reading, other: Reading) -> Bool {
        one.interpretation.settings == other.interpretation.settings
    }
}
