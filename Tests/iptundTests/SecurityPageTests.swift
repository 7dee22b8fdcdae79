// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What docs/security.md promises has a test for each line, which these tests can only look for, not judge.
@Suite struct SecurityPageTests {
    /// The rows below "Who can do what", by their cells.
    private static func rows() throws -> [[String]] {
        let lines = try Repository.lines(of: "docs/security.md").drop { $0 != "## Who can do what" }
        let rows = lines.filter { $0.hasPrefix("|") && !$0.hasPrefix("|---") && !$0.hasSuffix("| tests |") }
        return rows.map { row in
            row.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false).map { "\($0)" }
        }
    }

    /// What a row calls tests: `SomeTests`.
    private static func suites(in cell: String) -> [String] {
        cell.split(separator: "`").map(String.init).filter { $0.hasSuffix("Tests") }
    }

    @Test func `every line names tests, and says at least one thing`() throws {
        let rows = try Self.rows()
        #expect(rows.count >= 20)
        for row in rows {
            #expect(row.count == 3, "\(row)")
            #expect(row.prefix(2).contains { $0.contains { $0.isLetter } }, "\(row)")
            #expect(!Self.suites(in: row[2]).isEmpty, "\(row)")
        }
    }

    @Test func `the tests that are named exist`() throws {
        let targets = try Files.entries("\(Repository.path)/Tests")
        var known: Set<String> = []
        for target in targets {
            for file in (try? Files.entries("\(Repository.path)/Tests/\(target)")) ?? []
            where file.hasSuffix("Tests.swift") {
                known.insert("\(file.dropLast(".swift".count))")
            }
        }
        for suite in try Self.rows().flatMap({ Self.suites(in: $0[2]) }) { #expect(known.contains(suite), "\(suite)") }
    }
}
