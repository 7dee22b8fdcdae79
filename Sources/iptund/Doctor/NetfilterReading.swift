// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Linux

/// Reads this host's packet filter with the tools of nftables and iptables. Requires `CAP_NET_ADMIN`.
///
/// All programs together have two seconds. Where the kernel has no packet filter loaded, no program is run: it would load one.
struct NetfilterReading {
    private let deadline = Clock.milliseconds + NetfilterReading.limitMilliseconds
    private let protocols = ProtocolNumbers((try? Files.read("/etc/protocols")) ?? "")
    private var rules = Netfilter()
    private var isSeen = false

    private static let limitMilliseconds: UInt64 = 2_000
    /// The limit on the output of one program. 10,000 rules are 5 MiB of JSON.
    private static let mostOctets = 16 << 20
    private static let mostSets = 16

    /// The rules of this network namespace, or why they cannot be seen.
    static func read() -> Seen<Netfilter> {
        var reading = NetfilterReading()
        if NFTablesPresence().isLoaded {
            reading.readTables()
        } else {
            reading.isSeen = true
        }
        reading.readLegacyTables()
        reading.readSets()
        return reading.isSeen ? .known(reading.rules) : .hidden(reading.rules.gaps.joined(separator: "; "))
    }

    private mutating func readTables() {
        switch nft() {
        case .known(let ruleset):
            isSeen = true
            rules.tables = ruleset.tables.filter { !$0.isKillSwitch }
            let made = ruleset.tables.filter { ruleset.isMadeByIptables($0) }
            if !made.isEmpty { readAgain(made, ruleset) }
        case .hidden(let why):
            rules.gaps.append(why)
            guard case .known(let saved) = iptables(["iptables-nft-save", "iptables-save"], .iptables) else { return }
            isSeen = !saved.isEmpty
            rules.tables = saved
        }
    }

    /// Takes the tables that iptables made as iptables prints them: nft knows only the names of its matches.
    private mutating func readAgain(_ made: [Netfilter.Table], _ ruleset: NftRuleset) {
        let isIncomplete = made.contains { ruleset.isIncomplete($0) }
        switch iptables(["iptables-nft-save", "iptables-save"], .iptables) {
        case .known(let saved):
            for table in made {
                guard let better = saved.first(where: { $0.name == table.name }) else {
                    if ruleset.isIncomplete(table) {
                        rules.gaps.append("iptables-save: does not print table \(table.name)")
                    }
                    continue
                }
                rules.tables.removeAll { $0.family == .ip && $0.name == table.name && $0.tool == .nft }
                rules.tables.append(better)
            }
        case .hidden(let why): if isIncomplete { rules.gaps.append(why) }
        }
    }

    private func nft() -> Seen<NftRuleset> {
        do throws(Errno) {
            let json = try run("nft", ["-j", "-p", "list", "ruleset"])
            guard json.status == 0 else { return .hidden("nft: \(refusal(json.errors + json.output))") }
            // Rules as text are only for people: without them a rule is named by its handle.
            let text = (try? run("nft", ["-a", "-p", "list", "ruleset"]).output) ?? ""
            guard let start = json.output.firstIndex(of: "{"), let end = json.output.lastIndex(of: "}"),
                let ruleset = try? NftRuleset(json: String(json.output[start...end]), text: text, protocols: protocols)
            else { return .hidden("nft: printed JSON that is not understood") }
            return .known(ruleset)
        } catch .noSuchFile {
            return .hidden("nft: not installed; apt install nftables")
        } catch {
            return .hidden("nft: \(explain(error))")
        }
    }

    /// The tables of the packet filter before nftables, where there are any.
    private mutating func readLegacyTables() {
        guard let names = try? Files.read("/proc/net/ip_tables_names"), !names.isEmpty else { return }
        switch iptables(["iptables-legacy-save", "iptables-save"], .legacyIptables) {
        case .known(let tables):
            rules.tables += tables
            isSeen = true
        case .hidden(let why): rules.gaps.append("tables of the legacy iptables: \(why)")
        }
    }

    /// The sets that rules of iptables look into; one that cannot be read leaves them in doubt.
    private mutating func readSets() {
        for index in rules.tables.indices where rules.tables[index].tool != .nft {
            for name in rules.tables[index].missingSets.sorted().prefix(NetfilterReading.mostSets) {
                guard let ending = try? run("ipset", ["save", name]), ending.status == 0 else { continue }
                rules.tables[index].sets[name] = IPSetSave.parse(ending.output)[name]
            }
        }
    }

    /// The tables that the first of some programs prints that is of this kind.
    private func iptables(_ programs: [String], _ tool: Netfilter.Tool) -> Seen<[Netfilter.Table]> {
        for program in programs {
            do throws(Errno) {
                let ending = try run(program, [])
                guard ending.status == 0 else {
                    return .hidden("\(program): \(refusal(ending.errors + ending.output))")
                }
                // Each kind prints the tables of its own kind only, and says which it is.
                let isOfNFTables = ending.output.utf8.prefix(200).contains("nf_tables")
                if !ending.output.isEmpty, isOfNFTables != (tool == .iptables) { continue }
                return .known(IptablesSave.parse(ending.output, tool: tool, protocols: protocols))
            } catch .noSuchFile {
                continue
            } catch {
                return .hidden("\(program): \(explain(error))")
            }
        }
        return .hidden(
            "\(tool == .iptables ? "iptables-save" : "iptables-legacy-save"): not installed; apt install iptables")
    }

    /// Runs a tool of the administrator, whose directory need not be in PATH.
    private func run(_ program: String, _ arguments: [String]) throws(Errno) -> ChildProcess.SeparateEnding {
        let now = Clock.milliseconds
        guard now < deadline else { throw .timedOut }
        do throws(Errno) {
            return try ChildProcess.run(
                [program] + arguments, milliseconds: deadline - now, octets: NetfilterReading.mostOctets)
        } catch .noSuchFile {
            return try ChildProcess.run(
                ["/usr/sbin/\(program)"] + arguments, milliseconds: deadline - now,
                octets: NetfilterReading.mostOctets)
        }
    }

    private func refusal(_ text: String) -> String {
        let line = text.split(separator: "\n").first.map(String.init) ?? "refused"
        return line.lowercased().contains("permitted") || line.lowercased().contains("permission")
            ? "needs root" : line.printable
    }

    private func explain(_ error: Errno) -> String {
        switch error {
        case .timedOut: "did not end within \(NetfilterReading.limitMilliseconds / 1_000) s"
        case .fileTooLarge: "printed more than \(NetfilterReading.mostOctets >> 20) MiB"
        default: "\(error)"
        }
    }
}

extension Sequence<UInt8> {
    /// Whether `text` occurs in it.
    fileprivate func contains(_ text: String) -> Bool { String(decoding: Array(self), as: UTF8.self).contains(text) }
}

extension Netfilter.Table {
    /// Whether it is the kill switch of a tunnel of ours, which has checks of its own: a rule that opens it is no remedy.
    fileprivate var isKillSwitch: Bool {
        name.hasPrefix("iptund-") && chains.count == 1 && chains[EgressFilter.chain]?.rules.count ?? 2 <= 1
    }
}
