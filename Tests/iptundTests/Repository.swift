// SPDX-License-Identifier: Apache-2.0

import Linux

/// The folder that these tests were built from, for what is tested beside the program.
enum Repository {
    static let path = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    /// The program, which lies beside that of its tests.
    static var program: String {
        let tests = Files.linkTarget("/proc/self/exe") ?? ""
        return tests.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/iptund"
    }

    /// The lines of a file.
    static func lines(of file: String) throws -> [String] {
        try Files.read("\(path)/\(file)").split(separator: "\n").map(String.init)
    }
}
