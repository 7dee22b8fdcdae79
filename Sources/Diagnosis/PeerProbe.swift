// SPDX-License-Identifier: Apache-2.0

package import Wire

/// What was tried to reach one peer, and what came of it. Nothing in it needs the peer's help beyond what a stock host does.
package struct PeerProbe: Equatable, Sendable {
    /// The tunnel; `nil` before there is one.
    package var tunnel: String?
    /// What the peer is called.
    package var peer: String
    /// Its outer address.
    package var endpoint: IPv4Address
    /// Our outer address towards it.
    package var local: IPv4Address?
    /// The inner address that was asked; `nil` when there is none to ask.
    package var target: Target?
    /// The inner address of ours that asked.
    package var source: IPv4Address?

    /// ICMP echo beside the tunnel, to the outer address.
    package var outer = Attempt()
    /// ICMP echo through the tunnel.
    package var inner = Attempt()
    /// UDP through the tunnel to a port that nobody listens on, where echo was not answered.
    package var datagrams = Attempt()
    /// The same with other addresses of ours as inner source.
    package var otherSources: [SourceAttempt] = []
    /// A packet from our inner address to itself, which comes back if the peer forwards it.
    package var hairpin = Attempt()
    /// Bare protocol 4 packets, before there is a tunnel.
    package var bare = Attempt()
    /// ICMP errors about protocol 4 packets to the peer.
    package var reports: [ICMPReport] = []

    /// Whether the device has no address, so that other addresses of this host are inner sources as good as ``source``.
    package var isUnnumbered = false
    /// How outer packets leave, as `ip route` writes it: `via 192.0.2.254 dev eth0`.
    package var route: String?
    /// Packets to the peer that were sent while none of ours were, before it was tried.
    package var sentBefore: UInt64 = 0
    /// ICMP errors about the question that came through the tunnel: the tunnel works, and what is behind it does not.
    package var innerReports: [ICMPReport] = []
    /// The next hop, when it does not answer ARP.
    package var silentNextHop: IPv4Address?
    /// Answers that arrived inside of protocol 4 and then got lost on this host.
    package var lostHere = 0
    /// Addresses of this host other than ``local`` that the peer sends protocol 4 to.
    package var otherLocals: Set<IPv4Address> = []
    /// Answers that came beside the tunnel, so that only the way there is proven.
    package var unwrapped = 0
    /// Packets from the peer that the tunnel took meanwhile.
    package var received: UInt64 = 0
    /// Packets from the peer that the tunnel dropped meanwhile, by reason.
    package var receivedDrops: [String: UInt64] = [:]
    /// Packets to the peer that the tunnel dropped meanwhile, by reason.
    package var sentDrops: [String: UInt64] = [:]
    /// Seconds since the last packet from the peer; `nil` when there was none.
    package var lastReceivedSecondsAgo: UInt64?
    /// What was found out about long packets; `nil` when nothing was tried.
    package var size: SizeProbe?
    /// Replies that repeat nothing of ours, or come from elsewhere: somebody lies, and is not believed.
    package var oddReplies = 0
    /// Replies that came twice.
    package var duplicates = 0
    /// What could not be tried, and why.
    package var shortfalls: [String] = []

    package init(peer: String, endpoint: IPv4Address) {
        self.peer = peer
        self.endpoint = endpoint
    }
}

extension PeerProbe {
    /// Why peers were not tried.
    package enum Untried: Equatable, Sendable {
        /// There is nothing to be learned from trying them.
        case byDesign(String)
        /// It could not be done.
        case unable(String)
    }

    /// How often one thing was tried.
    package struct Attempt: Equatable, Sendable {
        package var sent = 0
        package var answered = 0
        /// Why this host sent nothing.
        package var refusal: String?
        /// ICMP errors about it.
        package var reports: [ICMPReport] = []
        /// Shortest, mean and longest time of an answer, microseconds; `nil` when there was none.
        package var roundTrip: RoundTrip?

        package init(sent: Int = 0, answered: Int = 0, refusal: String? = nil, reports: [ICMPReport] = []) {
            self.sent = sent
            self.answered = answered
            self.refusal = refusal
            self.reports = reports
        }

        /// Whether there was any answer.
        package var isAnswered: Bool { answered > 0 }
    }

    /// An attempt with another source.
    package struct SourceAttempt: Equatable, Sendable {
        package let source: IPv4Address
        package var attempt: Attempt

        package init(_ source: IPv4Address, _ attempt: Attempt = Attempt()) {
            self.source = source
            self.attempt = attempt
        }
    }

    /// How long answers took, microseconds.
    package struct RoundTrip: Equatable, Sendable {
        package private(set) var shortest: UInt64
        package private(set) var longest: UInt64
        private var sum: UInt64
        private var count: UInt64 = 1

        /// Of one answer.
        package init(_ time: UInt64) { (shortest, longest, sum) = (time, time, time) }

        package var mean: UInt64 { sum / count }

        /// Takes another answer into account.
        package mutating func add(_ time: UInt64) {
            (shortest, longest, sum, count) = (min(shortest, time), max(longest, time), sum + time, count + 1)
        }
    }

    /// An inner address to ask.
    package struct Target: Equatable, Sendable {
        package let address: IPv4Address
        package let origin: Origin
        /// Why this one, as `the other end of 10.9.0.1/30`.
        package let reason: String

        package init(_ address: IPv4Address, _ origin: Origin, because reason: String = "named") {
            (self.address, self.origin, self.reason) = (address, origin, reason)
        }

        /// How the address is known.
        package enum Origin: Equatable, Sendable {
            /// It was given: on the command line, or as `Probe`.
            case named
            /// The only other host of a network that this host is on.
            case otherEnd
            /// The only address in the peer's AllowedIPs.
            case only
            /// The outer address as an inner one: the reply may come beside the tunnel.
            case outer
            /// A guess within a network that this host is on.
            case neighbour
            /// A guess: the first of a block, where there may be no host.
            case guessed
        }
    }

    /// The longest packets that pass.
    package struct SizeProbe: Equatable, Sendable {
        /// What the device lets in, octets.
        package let limit: Int
        /// The longest inner packet that was answered, octets; 0 for none.
        package var largest = 0
        /// The least MTU that an ICMP error named about those that were not, octets.
        package var told: Int?

        package init(limit: Int, largest: Int = 0, told: Int? = nil) {
            self.limit = limit
            self.largest = largest
            self.told = told
        }

        /// Whether packets vanish because they are long, and nobody says so.
        package var isHole: Bool {
            guard largest > 0, largest < limit else { return false }
            return told.map { $0 > largest } ?? true
        }
    }
}
