// SPDX-License-Identifier: Apache-2.0

/// All that was seen of a host at one moment, for ``Check``s to judge.
///
/// What grows was read twice, at the beginning and at the end of a short time that is watched.
package struct HostSnapshot: Sendable {
    /// Who asks: would he run `up`, it is he whose privileges count.
    package var caller = Caller()
    /// The network namespace that outer packets leave from.
    package var network = NetworkSnapshot()
    /// The tunnels that were asked about, running or not.
    package var tunnels: [TunnelSnapshot] = []
    /// The tunnels that run beside them in the same network namespace.
    package var others: [TunnelSnapshot] = []
    /// What was tried to reach the peers.
    package var probes: [PeerProbe] = []
    /// The tunnels of which peers were not tried, and why.
    package var untried: [String: PeerProbe.Untried] = [:]
    /// How long it was watched, milliseconds.
    package var windowMilliseconds: UInt64 = 0

    /// The packet filter of ``network``.
    package var netfilter: Seen<Netfilter> = .hidden("not asked")
    /// Packets for other hosts that came out of tunnels' devices while it was watched.
    package var transit: [TransitTraffic] = []
    /// Its IPsec policies that may be about outer packets, in the order in which they were made.
    package var ipsecPolicies: Seen<[IPsecPolicy]> = .hidden("not asked")
    /// Whether the kernel applies those for protocol 4 to what a tunnel sends; `nil` when it could not be tried.
    package var appliesIPsec: Bool?
    /// What else has to do with protocol 4.
    package var surroundings = Surroundings()
    /// What the kernel dropped, by its reasons; `nil` when nobody wanted to know.
    package var kernelDrops: Seen<KernelDrops>?

    /// A host that was not looked at.
    package init() {}

    /// All tunnels that run here.
    package var running: [TunnelSnapshot] { (tunnels + others).filter(\.isRunning) }
}
