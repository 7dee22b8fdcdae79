// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Longest-prefix match, immutable: which peer an address belongs to.
///
/// Nested prefixes are flattened once into ranges that do not overlap, sorted by where they start. A lookup is then one
/// binary search over an array of 32-bit numbers: 100,000 prefixes take 18 steps and 1.6 MB at most.
struct PrefixMap: Sendable {
    /// The first address of each range, ascending; the first is always 0.
    private let starts: [UInt32]
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
        starts = flattening.starts
        owners = flattening.owners
    }

    /// The owner of the longest prefix that holds `address`; `nil` when none does.
    func peer(owning address: IPv4Address) -> PeerIndex? {
        var low = 0
        var high = starts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if starts[middle] <= address.rawValue { low = middle } else { high = middle }
        }
        let owner = owners[low]
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
