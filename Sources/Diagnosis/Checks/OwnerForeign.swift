// SPDX-License-Identifier: Apache-2.0

/// Another program with a raw socket of protocol 4.
package enum OwnerForeign: Check {
    package static let id = "owner.foreign"
    package static let why =
        "each raw socket is given a copy of every packet of protocol 4: a program that only listens takes nothing away, one "
        + "that decapsulates delivers packets a second time"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        guard !host.tunnels.isEmpty else { return [finding(.ok)] }
        switch host.surroundings.owners {
        case .hidden(let why): return [finding(.unknown, [why])]
        case .known(let owners):
            let duplicates = host.probes.reduce(0) { $0 + $1.duplicates }
            let findings = owners.filter { $0.command != ownCommand && !$0.isOurs }.map { owner in
                guard let process = owner.process else {
                    return finding(.warning, ["a raw socket of protocol 4 belongs to \(owner.command)"])
                }
                let evidence = "process \(process) (\(owner.command)) has a raw socket of protocol 4"
                guard duplicates > 0 else { return finding(.warning, [evidence]) }
                return finding(
                    .broken, [evidence, "\(duplicates) answers arrived twice, so it decapsulates, too"],
                    next: "end one of the two: process \(process), or the tunnel")
            }
            return findings.isEmpty ? [finding(.ok)] : findings
        }
    }

    /// A second daemon of ours is `owner.twice`'s business.
    private static let ownCommand = "iptund"
}
