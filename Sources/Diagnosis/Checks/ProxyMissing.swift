// SPDX-License-Identifier: Apache-2.0

/// Whether ARP is answered for those who are to be reached through the tunnel.
package enum ProxyMissing: Check {
    package static let id = "proxy.missing"
    package static let why = "nobody on the network finds an address that nobody answers for"

    package static func judge(_ host: HostSnapshot) -> [Finding] {
        of(host.tunnels) { tunnel in
            guard tunnel.isRunning, let proxy = tunnel.proxy else { return [] }
            guard case .known(let present) = host.inside(tunnel).proxies else {
                return unknown("proxy neighbours cannot be listed")
            }
            let missing = proxy.addresses.subtracting(present[proxy.device] ?? []).sorted()
            guard let first = missing.first else { return [] }
            var evidence = missing.prefix(3).map { "no proxy neighbour \($0) on \(proxy.device)" }
            if missing.count > 3 { evidence.append("and \(missing.count - 3) more") }
            let fix =
                missing.count == 1
                ? "ip neigh add proxy \(first) dev \(proxy.device)" : tunnel.repair
            return [finding(.broken, evidence, fix: fix)]
        }
    }
}
