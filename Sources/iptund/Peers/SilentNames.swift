// SPDX-License-Identifier: Apache-2.0

/// Peers by name that are silent where they are, by place.
///
/// Who asks for the name again may need what is behind the peer to do so: where it cannot be found any more, routes into a tunnel that
/// leads nowhere are in the way. They come back when the peer answers, or its name leads elsewhere.
struct SilentNames {
    private var silent: Set<Int> = []
    /// Those whose names cannot be found either: what is behind them is not routed.
    private(set) var lost: Set<Int> = []

    /// The peer does not answer.
    mutating func isSilent(_ place: Int) { silent.insert(place) }

    /// The name of a peer could not be found. Returns whether it is lost from now on.
    mutating func isNotFound(_ place: Int) -> Bool {
        guard silent.contains(place) else { return false }
        return lost.insert(place).inserted
    }

    /// The peer answers, is elsewhere, or is another one. Returns whether it was lost.
    mutating func isBack(_ place: Int) -> Bool {
        silent.remove(place)
        return lost.remove(place) != nil
    }

    /// Whether the peer does not answer.
    func contains(_ place: Int) -> Bool { silent.contains(place) }
}
