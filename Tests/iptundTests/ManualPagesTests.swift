// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Configuration
import Testing
@testable import iptund

/// The manual pages are written by hand; these tests keep them beside the program.
@Suite struct ManualPagesTests {
    /// What the pages say once for all verbs.
    private static let common: Set = ["help", "version"]
    /// What the argument parser adds without saying so in the help.
    private static let hidden: Set = ["generate-completion-script"]
    private static let verbs = Program.configuration.subcommands

    /// The long flags of a command, as its help lists them.
    private static func flags(of verb: any ParsableCommand.Type) -> Set<String> {
        let lines = Program.helpMessage(for: verb, columns: 500).split(separator: "\n")
        return Set(lines.filter { $0.hasPrefix("  -") }.flatMap { longFlags(in: $0) })
    }

    /// What `line` calls `--flag`, in the words of mdoc(7) or as it would be typed.
    private static func longFlags(in line: some StringProtocol) -> [String] {
        "\(line)".replacing("Fl -", with: " --").replacing(", -help", with: " --help").split(separator: " ")
            .filter { $0.hasPrefix("--") }.map { "\($0.dropFirst(2).prefix { $0.isLetter || $0 == "-" })" }
    }

    /// What the words of `macro` begin with, one element for each line: `.It Ic up Ar name` gives `up`.
    private static func items(_ macro: String, in lines: some Sequence<String>) -> [String] {
        lines.filter { $0.hasPrefix("\(macro) ") }.map { "\($0.dropFirst(macro.count + 1).prefix { $0 != " " })" }
    }

    /// The page of the program, without lines that call other programs.
    private static func programPage() throws -> [String] {
        try Repository.lines(of: "docs/iptund.8").filter { !$0.contains("systemctl ") }
    }

    @Test func `the page has every verb, in no other order than the help, and no other verb`() throws {
        let verbs = ManualPagesTests.verbs.map { $0._commandName }
        #expect(ManualPagesTests.items(".It Ic", in: try ManualPagesTests.programPage()) == verbs)
    }

    @Test(arguments: Program.configuration.subcommands.indices)
    func `every verb has its flags, and no others`(index: Int) throws {
        let verb = ManualPagesTests.verbs[index]
        let page = try ManualPagesTests.programPage()
        let start = try #require(page.firstIndex { "\($0) ".hasPrefix(".It Ic \(verb._commandName) ") })
        let section = page[(start + 1)...].prefix { !$0.hasPrefix(".It Ic ") && !$0.hasPrefix(".Sh ") }
        let documented = ManualPagesTests.items(".It Fl", in: section).map { "\($0.dropFirst())" }
        #expect(Set(documented) == ManualPagesTests.flags(of: verb).subtracting(ManualPagesTests.common))
        #expect(Set(documented).count == documented.count)
    }

    @Test(arguments: ["docs/iptund.8", "docs/iptund.conf.5"])
    func `no page speaks of a flag that does not exist`(file: String) throws {
        var known = ManualPagesTests.common.union(ManualPagesTests.hidden)
        for verb in ManualPagesTests.verbs { known.formUnion(ManualPagesTests.flags(of: verb)) }
        let page = try Repository.lines(of: file).filter { !$0.contains("systemctl ") }
        #expect(Set(page.flatMap { ManualPagesTests.longFlags(in: $0) }).subtracting(known) == [])
    }

    @Test func `what holds for all verbs stands in the page`() throws {
        let page = try ManualPagesTests.programPage()
        let flags = Set(page.flatMap { ManualPagesTests.longFlags(in: $0) })
        #expect(flags.isSuperset(of: ManualPagesTests.common.union(ManualPagesTests.hidden)))
    }

    @Test func `the page of the file has every key in its section, and no other key`() throws {
        let page = try Repository.lines(of: "docs/iptund.conf.5")
        let peer = try #require(page.firstIndex(of: ".Sh A PEER"))
        let keys = { (section: Section) in Key.allCases.filter { $0.section == section }.map(\.rawValue).sorted() }
        #expect(ManualPagesTests.items(".It Cm", in: page[..<peer]).sorted() == keys(.interface))
        #expect(ManualPagesTests.items(".It Cm", in: page[peer...]).sorted() == keys(.peer))
    }

    @Test func `the page of the program names the key of every flag that has one`() throws {
        let page = try ManualPagesTests.programPage()
        for key in Key.allCases {
            let item = try #require(page.firstIndex { "\($0) ".hasPrefix(".It Fl -\(key.flagName) ") })
            let entry = page[(item + 1)...].prefix { !$0.hasPrefix(".It ") }
            #expect(entry.contains(".Pq Cm \(key.rawValue)"), "\(key.flag)")
        }
    }

    @Test(arguments: Key.allCases) func `the example of every key is one that can be read`(key: Key) throws {
        let page = try Repository.lines(of: "docs/iptund.conf.5")
        let item = try #require(page.firstIndex(of: ".It Cm \(key.rawValue)"))
        let entry = page[(item + 1)...].prefix { !$0.hasPrefix(".It ") && !$0.hasPrefix(".Sh ") }
        let example = try #require(entry.first { $0.hasPrefix(".Dl \(key.rawValue) = ") })
        let text = "[\(key.section.rawValue)]\n\(example.dropFirst(4))\n"
        // What is missing beside it is no mistake of its own.
        let mistakes = Interpretation(ConfigurationText.read(Array(text.utf8), file: "page")).mistakes
        let own = mistakes.filter { "\($0.complaint)".contains("page:2:") && !"\($0.complaint)".contains("without") }
        #expect(own.isEmpty, "\(own)")
    }

    @Test func `the examples of the file are files that would be taken`() throws {
        let page = try Repository.lines(of: "docs/iptund.conf.5")
        let blocks = page.split(separator: ".Bd -literal -offset indent").dropFirst()
        #expect(blocks.count == 2)
        for block in blocks {
            let text = block.prefix { $0 != ".Ed" }.joined(separator: "\n") + "\n"
            #expect(Interpretation(ConfigurationText.read(Array(text.utf8), file: "page")).mistakes.isEmpty, "\(text)")
        }
    }
}
