// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// What the daemon says of the addresses of peers that are known by name, as far as the keeper has come with it.
struct AddressClaims {
    /// The last that was said of each slot.
    private(set) var said: [Int: IPv4Address] = [:]
    /// Why peers cannot be there, by slot.
    var refused: [Int: String] = [:]
    /// How many messages there were, and how many of them the host was last planned by.
    private var heard: UInt64 = 0
    private(set) var judged: UInt64 = 0

    init() {}

    /// Those of another configuration, whose slots are other peers'.
    init(following before: AddressClaims) { (heard, judged) = (before.heard, before.judged) }

    /// Takes a message.
    mutating func hear(_ address: IPv4Address, slot: Int) {
        heard += 1
        said[slot] = address
    }

    /// What was said so far is in the plan.
    mutating func isPlanned() { judged = heard }

    /// As many refusals as a message has room for.
    var refusedForNews: [Int: String]? {
        let first = refused.sorted { $0.key < $1.key }.prefix(8).map { ($0.key, String($0.value.prefix(400))) }
        return first.isEmpty ? nil : Dictionary(uniqueKeysWithValues: first)
    }
}
