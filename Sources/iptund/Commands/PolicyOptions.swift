// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import ArgumentParser
internal import Tunnel
internal import Wire

/// What `up` lets people say about the treatment of packets.
struct PolicyOptions: ParsableArguments {
    @Option(help: ArgumentHelp("TTL of outer packets, 1 to 255, or 'inherit' (default: 64).", valueName: "n"))
    var ttl: String?

    @Option(help: ArgumentHelp("DF of outer packets: 'set' (default), 'copy', or 'clear'.", valueName: "policy"))
    var df: String?

    @Option(help: ArgumentHelp("DSCP of outer packets, 0 to 63, or 'inherit' (default).", valueName: "n"))
    var dscp: String?

    @Option(help: ArgumentHelp("ECN of outer packets: 'normal' (default) or 'compatible'.", valueName: "mode"))
    var ecn: String?

    @Option(
        name: .customLong("min-ttl"),
        help: ArgumentHelp("Least outer TTL to take from a peer, 1 to 255 (RFC 5082).", valueName: "n"))
    var minimumTTL: String?

    @Option(
        name: .customLong("mss-clamp"),
        help: ArgumentHelp("Longest TCP segment to agree on: 'off', 'auto' (default), or octets.", valueName: "n"))
    var segmentSizeClamp: String?

    @Option(help: ArgumentHelp("Carry one way only: 'encapsulate' or 'decapsulate'.", valueName: "way"))
    var only: String?

    @Option(
        name: .customLong("accept-from"),
        help: ArgumentHelp("Take packets from 'peers', 'any', or peers and prefixes; by comma.", valueName: "who"))
    var acceptFrom: [String] = []

    /// The flags as values.
    /// - Throws: a ``Complaint`` with exit code 2 about the first that makes no sense.
    func policy() throws(Complaint) -> TunnelPolicy {
        var policy = TunnelPolicy()
        if let ttl { policy.outer.ttl = try Arguments.ttl(ttl) }
        if let df { policy.outer.fragmentation = try Arguments.fragmentation(df) }
        if let dscp { policy.outer.dscp = try Arguments.dscp(dscp) }
        if let ecn { policy.outer.ecn = try Arguments.ecn(ecn) }
        policy.minimumTTL = try minimumTTL.map { text throws(Complaint) in try Arguments.minimumTTL(text) }
        if let segmentSizeClamp { policy.clamp = try Arguments.segmentSizeClamp(segmentSizeClamp) }
        policy.only = try only.map { text throws(Complaint) in try Arguments.only(text) }
        policy.acceptance = acceptFrom.isEmpty ? .peers : try Arguments.acceptance(acceptFrom)
        try checkIsUsed(policy.only)
        return policy
    }

    /// A flag that would do nothing is a mistake that somebody should know of.
    private func checkIsUsed(_ only: Direction?) throws(Complaint) {
        let outer = [("--ttl", ttl), ("--df", df), ("--dscp", dscp), ("--ecn", ecn)]
        let taken = [("--min-ttl", minimumTTL), ("--accept-from", acceptFrom.first)]
        let unused =
            switch only {
            case nil: nil as (String, String?)?
            case .decapsulate: outer.first { $0.1 != nil }
            case .encapsulate: taken.first { $0.1 != nil }
            }
        guard let unused, let only else { return }
        throw .usage(
            unused.0, why: "does nothing with --only \(only.rawValue)", whatNow: "leave one of them out")
    }
}
