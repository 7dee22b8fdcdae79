// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Linux

/// Asks the tools of this host for its packet filter. Requires `CAP_NET_ADMIN`.
enum NetfilterReading {
    /// The rules of this network namespace, or why they cannot be seen.
    static func read() -> Seen<Netfilter> {
        let protocols = ProtocolNumbers((try? Files.read("/etc/protocols")) ?? "")
        var rules = Netfilter()
        var isSeen = false
        for part in [nft(protocols), legacy(protocols)] {
            switch part {
            case .known(let tables)?:
                rules.tables += tables
                isSeen = true
            case .hidden(let why)?: rules.gaps.append(why)
            case nil: break
            }
        }
        return isSeen ? .known(rules) : .hidden(rules.gaps.joined(separator: "; "))
    }

    private static func nft(_ protocols: ProtocolNumbers) -> Seen<[Netfilter.Table]>? {
        do throws(Errno) {
            let json = try run("nft", ["-j", "-p", "list", "ruleset"])
            guard json.status == 0 else { return .hidden("nft: \(refusal(json.errors + json.output))") }
            let text = try run("nft", ["-a", "-p", "list", "ruleset"])
            guard let start = json.output.firstIndex(of: "{"), let end = json.output.lastIndex(of: "}"),
                let rules = try? NftRuleset(
                    json: String(json.output[start...end]), text: text.output, protocols: protocols)
            else { return .hidden("nft: printed something that is not understood") }
            return .known(rules.tables)
        } catch .noSuchFile {
            return .hidden("nft: not installed; apt install nftables")
        } catch {
            return .hidden("nft: \(explain(error))")
        }
    }

    /// The tables of the filter before nftables, where there are any.
    private static func legacy(_ protocols: ProtocolNumbers) -> Seen<[Netfilter.Table]>? {
        guard let names = try? Files.read("/proc/net/ip_tables_names"), !names.isEmpty else { return nil }
        for program in ["iptables-legacy-save", "iptables-save"] {
            do throws(Errno) {
                let ending = try run(program, [])
                guard ending.status == 0 else {
                    return .hidden("\(program): \(refusal(ending.errors + ending.output))")
                }
                // The one that translates to nftables does not know the tables of the other.
                if ending.output.contains("nf_tables") { continue }
                return .known(IptablesSave.parse(ending.output, protocols: protocols))
            } catch .noSuchFile {
                continue
            } catch {
                return .hidden("\(program): \(explain(error))")
            }
        }
        return .hidden("tables of iptables: iptables-legacy-save: not installed; apt install iptables")
    }

    /// Runs a tool of the administrator, whose directory need not be in PATH.
    private static func run(_ program: String, _ arguments: [String]) throws(Errno) -> ChildProcess.SeparateEnding {
        let (milliseconds, octets) = (UInt64(5_000), 32 << 20)
        do throws(Errno) {
            return try ChildProcess.run([program] + arguments, milliseconds: milliseconds, octets: octets)
        } catch .noSuchFile {
            return try ChildProcess.run(
                ["/usr/sbin/\(program)"] + arguments, milliseconds: milliseconds, octets: octets)
        }
    }

    private static func refusal(_ text: String) -> String {
        let line = text.split(separator: "\n").first.map(String.init) ?? "refused"
        return line.lowercased().contains("permitted") || line.lowercased().contains("permission")
            ? "needs root" : line.printable
    }

    private static func explain(_ error: Errno) -> String {
        switch error {
        case .timedOut: "did not end in time"
        case .fileTooLarge: "printed too much"
        default: "\(error)"
        }
    }
}
