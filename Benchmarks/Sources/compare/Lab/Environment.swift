// SPDX-License-Identifier: Apache-2.0

internal import Foundation

/// What programs find in their environment, and where they are found.
enum Environment {
    /// Debian keeps daemons in directories that are not on everybody's PATH.
    private static let searched = ["/usr/local/sbin", "/usr/sbin", "/sbin"]

    /// Ours, with English messages, and with `added`, as `NAME=value`.
    static func with(_ added: [String: String]) -> [String] {
        var variables = ProcessInfo.processInfo.environment
        variables["LC_ALL"] = "C"
        variables.merge(added) { _, new in new }
        return variables.map { "\($0.key)=\($0.value)" }
    }

    /// Puts the daemons' directories on our own PATH, where `posix_spawnp` searches.
    static func extendPath() { unsafe setenv("PATH", directories.joined(separator: ":"), 1) }

    /// Where a program is.
    static func path(of program: String) -> String? {
        directories.map { "\($0)/\(program)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private static var directories: [String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        let known = path.split(separator: ":").map(String.init)
        return known + searched.filter { !known.contains($0) }
    }
}
