// SPDX-License-Identifier: Apache-2.0

package import Tunnel
package import Wire

/// A tunnel: what it was asked to be, and, while it runs, what it says of itself.
package struct TunnelSnapshot: Sendable {
    /// Within its network namespace.
    package var name: String
    /// Whether it is there.
    package var standing = Standing.down
    /// The name of its device; `nil` while it has none.
    package var device: String?
    /// In the order of the configuration.
    package var peers: [PeerSnapshot] = []
    /// Our outer address, where somebody named one.
    package var local: IPv4Address?
    /// Who sees to its routes.
    package var routing = Routing.automatic
    /// Whether it is to forward, as `Forward` and `ProxyARP` say.
    package var forwarding = Forwarding.notAsked
    /// The devices that packets for it come in by, as far as they are to be forwarded.
    package var forwardDevices: [String] = []
    /// Where ARP is answered for whom; `nil` when nowhere.
    package var proxy: Proxy?
    /// Whom packets are taken from: `peers`, `any`, or prefixes.
    package var acceptsFrom = "peers"
    /// The one way that it carries; `nil` for both.
    package var only: Direction?
    /// The network namespace of its device, where that is not ours.
    package var network: NetworkSnapshot?
    /// Inner packets that were delivered in each direction, in all.
    package var encapsulated = Growth(), decapsulated = Growth()
    /// Packets without a peer that were dropped.
    package var drops: [Drop: Growth] = [:]
    /// What the kernel lost because the daemon did not take it in time: at the raw socket, and at the device.
    package var socketLosses = Growth(), deviceLosses = Growth()
    /// Packets from the network that the kernel had merged.
    package var merged = Growth()
    /// What a daemon that is gone has left on the host, as the commands that made it.
    package var leftOvers: [String] = []
    /// What the daemon could not give up, in its words.
    package var shortfalls: [String] = []

    /// Whether it is there.
    package enum Standing: Equatable, Sendable {
        /// It runs; why packets cannot pass, if they cannot.
        case running(problem: String?)
        /// It runs, and may not talk to us.
        case hidden(String)
        /// It runs and does not answer.
        case silent(String)
        /// Nobody runs it, and somebody should: why.
        case failed(String)
        /// Nobody runs it, and nothing says that somebody should.
        case down
    }

    /// Who makes routes for AllowedIPs.
    package enum Routing: Equatable, Sendable {
        /// The tunnel.
        case automatic
        /// Somebody else (`Table = off`, or a number).
        case byOthers
        /// It cannot be seen.
        case unknown
    }

    /// Whether packets of others are to pass.
    package enum Forwarding: Equatable, Sendable { case asked, notAsked }

    /// Proxy ARP.
    package struct Proxy: Equatable, Sendable {
        /// The link on which it is asked.
        package var device: String
        /// For whom it is answered.
        package var addresses: Set<IPv4Address>

        /// Answers on a link for some addresses.
        package init(_ device: String, _ addresses: Set<IPv4Address>) {
            self.device = device
            self.addresses = addresses
        }
    }

    /// A tunnel of which only the name is known.
    package init(_ name: String) { self.name = name }

    /// Whether it runs and answers.
    package var isRunning: Bool {
        if case .running = standing { true } else { false }
    }

    /// How often packets were dropped for this reason, of peers and of nobody.
    package func dropped(_ drop: Drop) -> Growth {
        peers.reduce(drops[drop] ?? Growth()) { $0 + ($1.drops[drop] ?? Growth()) }
    }
}

extension HostSnapshot {
    /// The network namespace that the device of a tunnel is in.
    package func inside(_ tunnel: TunnelSnapshot) -> NetworkSnapshot { tunnel.network ?? network }
}
