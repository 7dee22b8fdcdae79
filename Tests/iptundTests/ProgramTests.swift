// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration
import Testing
@testable import iptund

@Suite struct ProgramTests {
    @Test func `no verb shows all tunnels`() throws {
        let show = try #require(try Program.parseAsRoot([]) as? Show)
        #expect(show.name == nil)
        #expect(!show.json)
        #expect(show.location.directory == nil)
    }

    @Test(arguments: [["--json", "b"], ["b", "--json"], ["show", "b", "--json"], ["show", "--json", "b"]])
    func `show is the verb when none is written`(arguments: [String]) throws {
        let show = try #require(try Program.parseAsRoot(arguments) as? Show)
        #expect(show.name == "b")
        #expect(show.json)
    }

    @Test func `every verb is reached by its name`() throws {
        let status = try Program.parseAsRoot(["status", "b", "--runtime-directory", "/d"]) as? Status
        #expect(status?.name == "b")
        #expect(status?.location.directory == "/d")
        #expect(try Program.parseAsRoot(["up", "--peer", "192.0.2.1"]) is Up)
        #expect((try Program.parseAsRoot(["check", "b"]) as? Check)?.source == "b")
    }

    @Test func `the version is printed and is no error`() throws {
        let error = #expect(throws: (any Error).self) { try Program.parseAsRoot(["--version"]) }
        let version = try #require(error)
        #expect(Program.message(for: version) == Program.version)
        #expect(Program.exitCode(for: version) == .success)
        #expect(Program.version.split(separator: ".").compactMap { Int($0) }.count == 3)
    }

    @Test(arguments: [["--help"], ["up", "--help"], ["status", "--help"], ["show", "--help"], ["check", "--help"]])
    func `help is no error`(arguments: [String]) throws {
        let error = #expect(throws: (any Error).self) {
            var command = try Program.parseAsRoot(arguments)
            try command.run()
        }
        #expect(Program.exitCode(for: try #require(error)) == .success)
    }

    @Test(arguments: [
        ["--wrong"], ["up", "--peer"], ["status"], ["show", "a", "b"], ["up", "--peer", "a", "b", "c"], ["check"],
        ["check", "a", "b"],
    ])
    func `wrong usage is told apart from failure`(arguments: [String]) throws {
        let error = #expect(throws: (any Error).self) { try Program.parseAsRoot(arguments) }
        let wrong = try #require(error)
        #expect(Program.exitCode(for: wrong) == .validationFailure)
        #expect(!Program.message(for: wrong).isEmpty)
    }

    @Test(arguments: [("chekc", "check"), ("statsu", "status"), ("shwo", "show"), ("sho", "show"), ("dmeo", "demo")])
    func `a verb that was misspelt is recognised`(word: String, verb: String) {
        let expected = Complaint.usage(
            "'\(word)'", why: "neither a verb nor a tunnel that is up", whatNow: "did you mean '\(verb)'?")
        #expect(Program.misspelling(word) == expected)
    }

    @Test(arguments: ["", "b", "u", "uo", "u1", "up", "show", "check", "tunl-b", "iptun0", "--json"])
    func `most tunnels' names are no misspelt verbs`(word: String) { #expect(Program.misspelling(word) == nil) }
}
