// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration

/// What `up` lets people say about the two ends.
struct PeerOptions: ParsableArguments {
    @Option(name: .key(.endpoint), help: .key(.endpoint))
    var peer: [String] = []

    @Option(name: .key(.name), help: .key(.name))
    var name: [String] = []

    @Option(name: .key(.allowedIPs), help: .key(.allowedIPs))
    var allowedIPs: [String] = []

    @Option(name: .key(.probe), help: .key(.probe))
    var probe: [String] = []

    @Option(name: .key(.local), help: .key(.local))
    var local: [String] = []

    /// The one peer that flags can describe, if they do.
    var drafts: [Draft.PeerDraft] {
        var draft = Draft.PeerDraft(at: .flag)
        draft.entries =
            Entry.given(.endpoint, peer) + Entry.given(.name, name) + Entry.list(.allowedIPs, allowedIPs)
            + Entry.given(.probe, probe)
        return draft.entries.isEmpty ? [] : [draft]
    }

    /// What is said of the tunnel as a whole.
    var entries: [Entry] { Entry.given(.local, local) }
}
