// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Wire

/// How hard a peer is tried. Times are in microseconds.
struct ProbePlan: Equatable {
    /// How many echoes go through the tunnel.
    var count = 5
    /// The time between two questions of one kind.
    var interval: UInt64 = 200_000
    /// How long the last one is waited for.
    var patience: UInt64 = 1_000_000
    /// How often other things are tried: the way beside the tunnel, and what else may be answered.
    var tries = 3
    var hairpin = Hairpin.forbidden
    var size = Size.notTried

    /// Whether a packet of ours may be sent to come back: our own tunnel counts and drops it, its source being ours.
    enum Hairpin { case allowed, forbidden }

    /// Whether long packets are tried.
    enum Size { case tried, notTried }

    /// What `iptund doctor` has time for. By satellite an answer takes more than a second.
    static let quick = ProbePlan(
        count: 3, interval: 100_000, patience: 1_600_000, tries: 2, hairpin: .forbidden, size: .tried)
}

/// Whom to ask, and from where.
struct ProbeOrder: Equatable {
    var peer: String
    var endpoint: IPv4Address
    var local: IPv4Address?
    /// What outer packets are marked with.
    var mark = PacketMark.standard
    /// The tunnel; `nil` before there is one.
    var tunnel: String?
    /// Where the tunnel's packets go in; `nil` when it is not here.
    var device: Device?
    var target: PeerProbe.Target?
    /// Who has to take our outer packets from the link.
    var nextHop: IPv4Address?
    /// Addresses of the device, which may be inner sources.
    var sources: [IPv4Address] = []
    /// Whether the device has no address.
    var isUnnumbered = false
    /// How outer packets leave, as `ip route` writes it.
    var route: String?
    /// The network namespace of the device, if it is another one.
    var namespace: String?

    struct Device: Equatable {
        var link: Int32
        var mtu: Int
    }
}
