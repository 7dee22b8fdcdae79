// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration

/// What `up` lets people say about the daemon.
struct ProcessOptions: ParsableArguments {
    @Option(name: .key(.user), help: .key(.user))
    var user: [String] = []

    @Option(name: .key(.workers), help: .key(.workers))
    var workers: [String] = []

    @Option(name: .key(.offload), help: .key(.offload))
    var offload: [String] = []

    @Option(name: .key(.keepalive), help: .key(.keepalive))
    var keepalive: [String] = []

    /// What was given.
    var entries: [Entry] {
        Entry.given(.user, user) + Entry.given(.workers, workers) + Entry.given(.offload, offload)
            + Entry.given(.keepalive, keepalive)
    }
}
