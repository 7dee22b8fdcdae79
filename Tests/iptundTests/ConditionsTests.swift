// SPDX-License-Identifier: Apache-2.0

import Diagnosis
import Linux
import Testing
import Wire

@testable import iptund

/// One rule for each kind of condition that nft knows, as two versions of it print them (flatcar/mantle#621 found that their
/// JSON differs).
@Suite struct ConditionsTests {
    private static let folder = "\(Repository.path)/Tests/Fixtures/firewalls"

    private func ruleset(_ version: String) throws -> NftRuleset {
        try NftRuleset(
            json: try Files.read("\(ConditionsTests.folder)/conditions-\(version).json"),
            text: try Files.read("\(ConditionsTests.folder)/conditions.nft"), protocols: ProtocolNumbers())
    }

    /// Whether a rule applies to an outer packet from a peer: `no`, `maybe` or `yes`.
    private func effect(of rule: Netfilter.Rule, in table: Netfilter.Table) -> String {
        var alone = Netfilter.Table(table.family, table.name)
        alone.sets = table.sets
        let hook: Netfilter.Hook = table.family == .netdev ? .ingress : table.family == .bridge ? .prerouting : .input
        var base = Netfilter.Base(hook)
        base.devices = ["eth0"]
        alone.chains["only"] = Netfilter.Chain("only", base: base, rules: [rule])
        var question = NetfilterQuestion.arriving(
            from: IPv4Address(rawValue: 0xc000_0202), at: IPv4Address(rawValue: 0xc000_0201), by: "eth0")
        question.packet.state = .new
        question.packet.isRedirected = .no
        if table.family == .bridge { question.packet.bridges = [.input] }
        let judgement = Netfilter(tables: [alone]).judge(question.packet, at: hook)
        if judgement.fate != .accepted || !judgement.acceptances.isEmpty { return "yes" }
        // An accept in doubt matters only where something else drops: ask with a policy of drop.
        alone.chains["only"]?.base?.policy = .drop
        let other = Netfilter(tables: [alone]).judge(question.packet, at: hook)
        return judgement.mayDie || other.mayLive ? "maybe" : "no"
    }

    @Test(arguments: ["1.0.6", "1.1.3"])
    func `each kind of condition is judged as the kernel would, or left in doubt`(version: String) throws {
        var lines: [String] = []
        for table in try ruleset(version).tables {
            for chain in table.chains.values.sorted(by: { $0.name < $1.name }) {
                lines += chain.rules.map { "\(effect(of: $0, in: table)) \(table.family) \($0.text)" }
            }
        }
        let expected = try Files.read("\(ConditionsTests.folder)/conditions.expected").split(separator: "\n").map(
            String.init)
        #expect(lines == expected, "\(lines.joined(separator: "\n"))")
    }
}
