// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Routing rules of other programs that are about our outer packets, by bits that their mark happens to have.
package enum MarkForeign: Check {
    package static let id = "mark.foreign"
    package static let why =
        "a rule of another program for some bits of a mark also leads outer packets, whose mark has these bits"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        guard case .known(let rules) = host.network.rules else { return unknown("routing rules cannot be listed") }
        return of(host.tunnels) { tunnel in
            let mark = tunnel.mark
            // A rule for the whole mark means the tunnel's packets.
            let meant = [mark, PacketMark(mark.value)]
            let foreign = rules.filter { rule in
                !rule.isOurs && rule.mark?.mask != 0 && rule.mark?.fits(mark.value) == true
                    && !meant.contains(rule.mark)
            }
            return foreign.map { rule in
                let text = "ip rule \(rule.priority): fwmark \(rule.mark?.description ?? "") lookup \(rule.table)"
                var evidence = ["\(text) takes outer packets, which have the mark \(mark)"]
                let moved = tunnel.peers.filter { $0.plainWay != nil && $0.way?.way != $0.plainWay?.way }
                let isLost = host.probes.contains { probe in
                    !probe.isAnswered && moved.contains { $0.endpoint == probe.endpoint }
                }
                evidence += moved.prefix(3).map { peer in
                    "peer \(peer.label): \(peer.way?.evidence ?? ""); without the mark: \(peer.plainWay?.evidence ?? "")"
                }
                return finding(
                    moved.isEmpty ? .info : isLost ? .broken : .warning, evidence,
                    next: moved.isEmpty
                        ? nil : "give the other program other bits, or the tunnel a mark without these (FwMark)")
            }
        }
    }
}
