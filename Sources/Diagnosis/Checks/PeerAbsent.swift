// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// The peer's host is there, and has nobody for protocol 4: its kernel says so by ICMP 3/2.
package enum PeerAbsent: PeerCheck {
    package static let id = "peer.absent"
    package static let why = "nothing decapsulates at the peer, so every packet to it is lost"
    package static let legs: Set<PeerProbe.Leg> = [.decapsulator]

    package static func fix(_ probe: PeerProbe) -> String? {
        let address = probe.target.flatMap { $0.origin == .outer ? nil : " --address \($0.address)/32" } ?? ""
        let allowed = probe.source.flatMap { $0 == probe.local ? nil : " --allowed-ips \($0)/32" } ?? ""
        let local = probe.local.map(\.description) ?? "OUR-ADDRESS"
        return "on \(probe.endpoint): iptund up --peer \(local)\(address)\(allowed)"
    }

    package static func next(_ probe: PeerProbe) -> String? {
        "a firewall's reject with icmp-proto-unreachable looks the same; on \(probe.endpoint): nft list ruleset"
    }

    /// Before there is a tunnel here, the peer's may be the next one to be set up.
    package static func verdict(_ probe: PeerProbe) -> Verdict { probe.tunnel == nil ? .info : .broken }
}
