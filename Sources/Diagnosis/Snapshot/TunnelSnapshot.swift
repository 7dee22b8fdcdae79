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
    /// What its outer packets are marked with.
    package var mark = PacketMark.standard
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
    /// Whether they were named, and not all that there are.
    package var isForwardingNamed = true
    /// Where ARP is answered for whom; `nil` when nowhere.
    package var proxy: Proxy?
    /// Whom packets are taken from: `peers`, `any`, or prefixes.
    package var acceptsFrom = "peers"
    /// Whether outer packets may be cut into fragments on their way, as with `DF = clear`.
    package var isFragmenting = false
    /// The one way that it carries; `nil` for both.
    package var only: Direction?
    /// The network namespace of its device, where that is not ours.
    package var network: NetworkSnapshot?
    /// What that network namespace is called.
    package var namespace: String?
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
    /// Of the routes, rules, addresses and proxy neighbours that a running tunnel made, those that are gone, as the commands
    /// that made them.
    package var missing: [String] = []
    /// Of routes that keep a peer out of the tunnel, those that are gone: they are missed only where another route would
    /// lead the peer into it.
    package var missingPins: [String] = []
    /// Whether another route has taken the place of one that is missing.
    package var isDisplaced = false
    /// How its kill switch stands; `nil` where it has none.
    package var killSwitch: KillSwitchSnapshot?
    /// Whether what a daemon that is gone has left is its kill switch and nothing else.
    package var isKillSwitchAlone = false
    /// What stands of the kill switch that a daemon that is gone has left; `nil` where it left none.
    package var killSwitchLeft: [String]?
    /// How often something of it was made again that another program had removed.
    package var repairs = Growth()
    /// The source of the tunnel's settings.
    package var origin = Origin.unknown
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

    /// The source of a tunnel's settings.
    package enum Origin: Equatable, Sendable {
        /// A file, by its path.
        case file(String)
        /// The arguments of its command.
        case flags
        case unknown
    }

    /// How a setting is changed, for people.
    package func change(_ key: String, _ flag: String, to value: String) -> String {
        switch origin {
        case .file(let path): "set \(key) = \(value) in \(path), then: iptund reload \(name)"
        case .flags: "start the tunnel again with \(flag) \(value)"
        case .unknown: "set \(key) = \(value), or \(flag) \(value) where the tunnel was started by flags"
        }
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
