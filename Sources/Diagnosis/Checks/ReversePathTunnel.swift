// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether strict reverse path filtering drops what comes out of the tunnel.
package enum ReversePathTunnel: Check {
    package static let id = "rpfilter.tunnel"
    package static let why = "strict filtering drops every packet whose source is not routed back into the tunnel"
    package static let causes = ["route.inner", "rules.missing", "changes.missing"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.isRunning, tunnel.only != .encapsulate, let device = tunnel.device else { return [] }
            let network = host.inside(tunnel)
            guard let effective = network.effective(.reversePathFilter, device) else {
                return unknown("\(LinkSnapshot.Setting.reversePathFilter.key(of: device)) cannot be read")
            }
            let isBare = network.links[device]?.hasAddress == false
            guard effective == 1 || effective == 2 && isBare else { return [] }
            var evidence = [network.saying(.reversePathFilter, device), network.saying(.reversePathFilter)]
            if isBare { evidence.append("\(device) has no address, so even loose filtering is strict") }
            let missed = tunnel.peers.flatMap(\.inner).filter { $0.misses(device) }
            evidence += missed.prefix(3).map { "no way back into \(device): \($0.answers.first?.evidence ?? "")" }
            let growth = network.counter("TcpExt.IPReversePathFilter") ?? Growth()
            if growth.recent > 0 {
                evidence.append("TcpExt IPReversePathFilter: \(growth.saying("packets dropped", host))")
            }
            let isBroken = !missed.isEmpty || growth.recent > 0
            let loosen = "sysctl -w \(LinkSnapshot.Setting.reversePathFilter.key(of: device))=2"
            let next = "any address on \(device) makes loose filtering loose: ip address add ADDRESS/32 dev \(device)"
            return [
                finding(isBroken ? .broken : .info, evidence, fix: isBare ? nil : loosen, next: isBare ? next : nil)
            ]
        }
    }
}
