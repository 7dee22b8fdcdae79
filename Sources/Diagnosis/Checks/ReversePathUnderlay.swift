// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether strict reverse path filtering drops outer packets when they arrive.
///
/// The kernel looks for the way back without our mark: where the peer itself is routed into the tunnel, only a rule for
/// protocol 4 shows it another one.
package enum ReversePathUnderlay: Check {
    package static let id = "rpfilter.underlay"
    package static let why = "strict filtering drops outer packets that arrive by another way than the one to the peer"
    package static let causes = ["route.loop", "route.underlay", "rpfilter.tunnel", "peer.local"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        ofPeers(host.tunnels) { tunnel, peer in
            guard tunnel.isRunning, tunnel.only != .encapsulate, let way = peer.way, let link = way.device,
                link != tunnel.device, host.network.effective(.reversePathFilter, link) == 1
            else { return nil }
            let growth = host.network.counter("TcpExt.IPReversePathFilter") ?? Growth()
            let hasRule = host.network.rules.value?.contains { $0.ipProtocol == 4 } ?? true
            let isElsewhere = peer.plainWay?.device != link && !hasRule
            // Other packets may be what the kernel dropped: where the way back is the same link, protocol 4 passes.
            let isDropping = isElsewhere && growth.recent > 0 && peer.received.recent == 0
            // Routers on the way lie behind the peer as well, and what they say of outer packets has a rule of its own.
            let hasErrorRule = host.network.rules.value?.contains { $0.ipProtocol == 1 } ?? true
            let isDeaf = tunnel.network == nil && peer.plainWay?.device == tunnel.device && !hasErrorRule
            guard isElsewhere || isDeaf else { return nil }
            var evidence = [
                host.network.saying(.reversePathFilter, link), host.network.saying(.reversePathFilter), way.evidence,
            ]
            if let plain = peer.plainWay { evidence.append(plain.evidence) }
            if growth.recent > 0 {
                evidence.append("TcpExt IPReversePathFilter: \(growth.saying("packets dropped", host))")
            }
            if isDeaf {
                evidence.append(
                    "ICMP errors of routers behind the next one are dropped, and with them path MTU discovery")
            }
            return finding(
                isDropping ? .broken : .warning, evidence,
                fix: "sysctl -w \(LinkSnapshot.Setting.reversePathFilter.key(of: link))=2")
        }
    }
}
