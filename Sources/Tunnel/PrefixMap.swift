// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Longest-prefix match, immutable: which peer an address belongs to.
///
/// Nested prefixes are flattened once into ranges that do not overlap, in ascending order. A lookup then finds the range
/// that the address lies in: 100,000 prefixes make 200,001 ranges at most, which take 1.7 MB and five steps.
struct PrefixMap: Sendable {
    /// The last address of each range; that of the last one is the last there is.
    private let lasts: SearchTree
    /// Whose range it is, ``nobody`` for a gap.
    private let owners: [UInt32]

    private static let nobody = UInt32.max

    /// Flattens `entries`, in which no prefix occurs twice.
    init(_ entries: [(prefix: Prefix, peer: PeerIndex)]) {
        var flattening = Flattening()
        // Outer blocks before the blocks inside of them.
        let ordered = entries.sorted { left, right in
            (left.prefix.address, left.prefix.length) < (right.prefix.address, right.prefix.length)
        }
        for entry in ordered { flattening.open(entry.prefix, owner: entry.peer.rawValue) }
        flattening.closeAll()
        // A range ends where the next one starts, and the first starts at 0.
        lasts = SearchTree(flattening.starts.dropFirst().map { $0 - 1 } + [.max])
        owners = flattening.owners
    }

    /// The owner of the longest prefix that holds `address`; `nil` when none does.
    func peer(owning address: IPv4Address) -> PeerIndex? {
        let owner = owners[lasts.position(of: address.rawValue)]
        return owner == PrefixMap.nobody ? nil : PeerIndex(rawValue: owner)
    }

    /// Walks over the address space once, with a stack of the blocks that it is inside of.
    private struct Flattening {
        var starts: [UInt32] = [0]
        var owners: [UInt32] = [nobody]
        var stack: [(last: UInt32, owner: UInt32)] = []

        mutating func open(_ prefix: Prefix, owner: UInt32) {
            close(before: prefix.address.rawValue)
            begin(at: prefix.address.rawValue, owner: owner)
            stack.append((prefix.last.rawValue, owner))
        }

        mutating func closeAll() {
            while let block = stack.popLast() { end(block.last) }
        }

        private mutating func close(before address: UInt32) {
            while let block = stack.last, block.last < address {
                stack.removeLast()
                end(block.last)
            }
        }

        /// After the last address of a block, the block around it goes on.
        private mutating func end(_ last: UInt32) {
            guard last != .max else { return }
            begin(at: last + 1, owner: stack.last?.owner ?? nobody)
        }

        private mutating func begin(at address: UInt32, owner: UInt32) {
            if starts.last == address {
                owners[owners.count - 1] = owner
            } else {
                starts.append(address)
                owners.append(owner)
            }
        }
    }
}
