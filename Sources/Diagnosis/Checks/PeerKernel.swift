// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// The peer's kernel has tunnel code, but no tunnel that is up and meant for us: it says so by ICMP 3/3.
package enum PeerKernel: PeerCheck {
    package static let id = "peer.kernel"
    package static let why = "the peer's kernel drops what comes from an address that none of its tunnels is for"
    package static let legs: Set<PeerProbe.Leg> = [.endpoint]

    package static func fix(_ probe: PeerProbe) -> String? {
        let local = probe.local.map(\.description) ?? "OUR-ADDRESS"
        return "on \(probe.endpoint): ip tunnel add tunl1 mode ipip local \(probe.endpoint) remote \(local)"
    }

    /// Before there is a tunnel here, the peer's may be the next one to be set up.
    package static func verdict(_ probe: PeerProbe) -> Verdict { probe.tunnel == nil ? .info : .broken }
}
