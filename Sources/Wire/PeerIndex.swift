// SPDX-License-Identifier: Apache-2.0

/// Which peer of a tunnel, as the number of its place in tables and counters.
///
/// A packet carries it from the rule that found its peer to the counter that remembers what became of it.
public struct PeerIndex: RawRepresentable, Hashable, Sendable {
    /// Counts from 0.
    public let rawValue: UInt32

    /// The peer at this place.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
}
