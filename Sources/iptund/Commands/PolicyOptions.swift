// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration

/// What `up` lets people say about the treatment of packets.
struct PolicyOptions: ParsableArguments {
    @Option(name: .key(.ttl), help: .key(.ttl))
    var ttl: [String] = []

    @Option(name: .key(.df), help: .key(.df))
    var df: [String] = []

    @Option(name: .key(.dscp), help: .key(.dscp))
    var dscp: [String] = []

    @Option(name: .key(.ecn), help: .key(.ecn))
    var ecn: [String] = []

    @Option(name: .key(.minimumTTL), help: .key(.minimumTTL))
    var minimumTTL: [String] = []

    @Option(name: .key(.segmentSizeClamp), help: .key(.segmentSizeClamp))
    var segmentSizeClamp: [String] = []

    @Option(name: .key(.only), help: .key(.only))
    var only: [String] = []

    @Option(name: .key(.acceptFrom), help: .key(.acceptFrom))
    var acceptFrom: [String] = []

    /// What was given.
    var entries: [Entry] {
        Entry.given(.ttl, ttl) + Entry.given(.df, df) + Entry.given(.dscp, dscp) + Entry.given(.ecn, ecn)
            + Entry.given(.minimumTTL, minimumTTL) + Entry.given(.segmentSizeClamp, segmentSizeClamp)
            + Entry.given(.only, only) + Entry.list(.acceptFrom, acceptFrom)
    }
}
