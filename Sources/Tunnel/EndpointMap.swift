// SPDX-License-Identifier: Apache-2.0

internal import Wire

/// Which peer sends from an outer address: an immutable hash table with open addressing.
///
/// The standard dictionary would do, at three times the cost per packet: its hash resists chosen keys, but these keys come
/// from the administrator. A stranger chooses only what is looked up, and each run of probes is short.
struct EndpointMap: Sendable {
    /// An address per bucket; 0, which is nobody's endpoint, marks an empty one.
    private let keys: [UInt32]
    private let values: [UInt32]
    private let shift: UInt32

    /// Enters `endpoints`, in which no address occurs twice and none is 0.0.0.0.
    init(_ endpoints: [IPv4Address]) {
        // At most half full, so that a search for a stranger ends soon.
        var bits: UInt32 = 1
        while 1 << bits < endpoints.count * 2 { bits += 1 }
        shift = 32 - bits
        var keys = [UInt32](repeating: 0, count: 1 << bits)
        var values = keys
        for (index, endpoint) in endpoints.enumerated() {
            var bucket = EndpointMap.bucket(endpoint, shift: shift)
            while keys[bucket] != 0 { bucket = (bucket + 1) & (keys.count - 1) }
            keys[bucket] = endpoint.rawValue
            values[bucket] = UInt32(index)
        }
        self.keys = keys
        self.values = values
    }

    /// The peer at `endpoint`; `nil` for a stranger.
    func peer(at endpoint: IPv4Address) -> PeerIndex? {
        guard endpoint.rawValue != 0 else { return nil }
        var bucket = EndpointMap.bucket(endpoint, shift: shift)
        while keys[bucket] != 0 {
            if keys[bucket] == endpoint.rawValue { return PeerIndex(rawValue: values[bucket]) }
            bucket = (bucket + 1) & (keys.count - 1)
        }
        return nil
    }

    /// Multiplicative hashing (Knuth, The Art of Computer Programming, volume 3, §6.4).
    private static func bucket(_ address: IPv4Address, shift: UInt32) -> Int {
        Int((address.rawValue &* 2_654_435_769) >> shift)
    }
}
