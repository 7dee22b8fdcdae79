// SPDX-License-Identifier: Apache-2.0

internal import Tunnel

/// Whether strict reverse path filtering drops what comes out of the tunnel.
package enum ReversePathTunnel: Check {
    package static let id = "rpfilter.tunnel"
    package static let why = "strict filtering drops every packet whose source is not routed back into the tunnel"
    package static let causes = ["route.inner"]

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.isRunning, tunnel.only != .encapsulate, let device = tunnel.device else { return [] }
            let network = host.inside(tunnel)
            guard let effective = network.effective(.reversePathFilter, device) else {
                return unknown("net.ipv4.conf.\(device).rp_filter cannot be read")
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
            let loosen = "sysctl -w net.ipv4.conf.\(device).rp_filter=2"
            let fix = isBare ? "ip address add ADDRESS dev \(device)" : loosen
            return [finding(isBroken ? .broken : .info, evidence, fix: fix)]
        }
    }
}
