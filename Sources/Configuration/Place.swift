// SPDX-License-Identifier: Apache-2.0

/// Where something was written.
package enum Place: Hashable, Sendable, CustomStringConvertible {
    /// On the command line.
    case flag
    /// In a file. Lines and columns count from 1, columns in characters (Unicode scalars).
    case file(String, line: Int, column: Int)

    /// `FILE:LINE:COLUMN`.
    package var description: String {
        switch self {
        case .flag: "the command line"
        case .file(let path, let line, let column): "\(path):\(line):\(column)"
        }
    }

    /// What a complaint begins with that is about `what` here.
    package func locate(_ what: String) -> String {
        switch self {
        case .flag: what
        case .file: "\(self): \(what)"
        }
    }

    /// What a key is called here: a flag, or a name of the file.
    package func spell(_ key: Key) -> String {
        switch self {
        case .flag: key.flag
        case .file: key.rawValue
        }
    }

    /// A key with a value as one would write it here.
    package func spell(_ key: Key, _ value: String) -> String {
        switch self {
        case .flag: "\(key.flag) \(value)"
        case .file: "\(key.rawValue) = \(value)"
        }
    }
}
