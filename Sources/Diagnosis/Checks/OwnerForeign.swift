// SPDX-License-Identifier: Apache-2.0

/// Another program with a raw socket of protocol 4.
package enum OwnerForeign: Check {
    package static let id = "owner.foreign"
    package static let why =
        "each raw socket gets a copy of every packet of protocol 4: what another program unwraps too arrives twice, or is "
        + "answered by somebody else"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        guard !host.tunnels.isEmpty else { return [finding(.ok)] }
        switch host.surroundings.owners {
        case .hidden(let why): return [finding(.unknown, [why])]
        case .known(let owners):
            let findings = owners.filter { $0.command != ownCommand && !$0.isOurs }.map { owner in
                guard let process = owner.process else {
                    return finding(.warning, ["a raw socket of protocol 4 belongs to \(owner.command)"])
                }
                let evidence = "process \(process) (\(owner.command)) has a raw socket of protocol 4"
                return finding(.broken, [evidence], fix: "kill \(process)")
            }
            return findings.isEmpty ? [finding(.ok)] : findings
        }
    }

    /// A second daemon of ours is `owner.twice`'s business.
    private static let ownCommand = "iptund"
}
