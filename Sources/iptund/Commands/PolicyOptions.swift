// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Tunnel
internal import Wire

/// What `up` lets people say about the treatment of packets.
struct PolicyOptions: ParsableArguments {
    @Option(help: ArgumentHelp("TTL of outer packets, 1 to 255, or 'inherit'.", valueName: "n"))
    var ttl: String = "64"

    @Option(help: ArgumentHelp("DF of outer packets: 'set', 'copy' from inside, or 'clear'.", valueName: "policy"))
    var df: String = "set"

    @Option(help: ArgumentHelp("DSCP of outer packets, 0 to 63, or 'inherit'.", valueName: "n"))
    var dscp: String = "inherit"

    @Option(help: ArgumentHelp("ECN of outer packets: 'normal', or 'compatible' with old peers.", valueName: "mode"))
    var ecn: String = "normal"

    @Option(
        name: .customLong("min-ttl"),
        help: ArgumentHelp("Least outer TTL to take from a peer, 1 to 255 (RFC 5082).", valueName: "n"))
    var minimumTTL: String?

    @Option(
        name: .customLong("mss-clamp"),
        help: ArgumentHelp("Longest TCP segment to agree on: 'off', 'auto', or octets.", valueName: "n"))
    var segmentSizeClamp: String = "auto"

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
        policy.outer.ttl = try Arguments.ttl(ttl)
        policy.outer.fragmentation = try Arguments.fragmentation(df)
        policy.outer.dscp = try Arguments.dscp(dscp)
        policy.outer.ecn = try Arguments.ecn(ecn)
        policy.minimumTTL = try minimumTTL.map { text throws(Complaint) in try Arguments.minimumTTL(text) }
        policy.clamp = try Arguments.segmentSizeClamp(segmentSizeClamp)
        policy.only = try only.map { text throws(Complaint) in try Arguments.only(text) }
        policy.acceptance = acceptFrom.isEmpty ? .peers : try Arguments.acceptance(acceptFrom)
        if policy.only == .encapsulate, policy.acceptance != .peers {
            throw .usage(
                "--accept-from \(policy.acceptance.description)", why: "takes nothing with --only encapsulate",
                whatNow: "leave one of them out")
        }
        return policy
    }
}

extension TunnelPolicy {
    /// What is dangerous about it, or may surprise: said loudly when the tunnel comes up.
    var warnings: [String] {
        var warnings: [String] = []
        switch acceptance {
        case .peers: break
        case .also([.all]):
            warnings.append(
                "--accept-from any: whoever can send protocol 4 to this host can put packets into it, with any inner "
                    + "source that is not a peer's; let a firewall say from whom")
        case .also(let prefixes):
            warnings.append(
                "--accept-from \(acceptance.description): inner sources are not checked for senders in "
                    + "\(prefixes.count == 1 ? "this prefix" : "these prefixes") that are no peers")
        }
        if outer.fragmentation == .clear {
            warnings.append(
                "--df clear: path MTU discovery does not see through this tunnel, and at high speed fragments of "
                    + "different packets can be mixed up (RFC 4963)")
        }
        return warnings
    }
}
