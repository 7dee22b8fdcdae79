// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Which entry has an address, such as the peer that sends from it: an immutable hash table with open addressing.
///
/// The standard dictionary would do, at three times the cost per packet: its hash resists chosen keys, but these keys come
/// from the administrator. A stranger chooses only what is looked up, and each run of probes is short.
struct AddressMap: Sendable {
    /// An address per bucket; 0, which is nobody's address, marks an empty one.
    private let keys: [UInt32]
    private let values: [UInt32]
    private let shift: UInt32

    /// Enters `addresses`, in which none occurs twice but 0.0.0.0: that is nobody's, and only keeps a place.
    init(_ addresses: [IPv4Address]) { self.init(indexed: addresses.enumerated().map { ($1, $0) }) }

    /// Enters addresses with what each stands for: an index that several may have.
    init(indexed entries: [(address: IPv4Address, index: Int)]) {
        // At most half full, so that a search for a stranger ends soon.
        var bits: UInt32 = 1
        while 1 << bits < entries.count * 2 { bits += 1 }
        shift = 32 - bits
        var keys = [UInt32](repeating: 0, count: 1 << bits)
        var values = keys
        for (address, index) in entries where address != .unspecified {
            var bucket = AddressMap.bucket(address, shift: shift)
            while keys[bucket] != 0 { bucket = (bucket + 1) & (keys.count - 1) }
            keys[bucket] = address.rawValue
            values[bucket] = UInt32(index)
        }
        self.keys = keys
        self.values = values
    }

    /// Whether the address was entered.
    func contains(_ address: IPv4Address) -> Bool { peer(at: address) != nil }

    /// The peer at `address`; `nil` for a stranger.
    func peer(at address: IPv4Address) -> PeerIndex? {
        guard address.rawValue != 0 else { return nil }
        var bucket = AddressMap.bucket(address, shift: shift)
        while keys[bucket] != 0 {
            if keys[bucket] == address.rawValue { return PeerIndex(rawValue: values[bucket]) }
            bucket = (bucket + 1) & (keys.count - 1)
        }
        return nil
    }

    /// Multiplicative hashing (Knuth, The Art of Computer Programming, volume 3, §6.4).
    private static func bucket(_ address: IPv4Address, shift: UInt32) -> Int {
        Int((address.rawValue &* 2_654_435_769) >> shift)
    }
}
