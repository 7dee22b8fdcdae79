// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Records on their way from a data thread to the main thread, which passes them on to whoever captures.
///
/// One thread appends, one takes, and neither waits: a record for which there is no room is lost, and counted. The memory is
/// the daemon's own, and nobody else can write into it. It goes away with its last owner, whichever thread that is.
@safe public final class RecordRing: @unchecked Sendable {
    /// Octets that fit, a power of two.
    public let capacity: Int
    private let memory: UnsafeMutableRawPointer
    /// Octets ever appended, and ever taken.
    private let written = Atomic<UInt64>(0)
    private let taken = Atomic<UInt64>(0)
    private let losses = Atomic<UInt64>(0)

    /// A ring of the next power of two from `octets` on. Its pages are touched here, so that no data thread has to wait for them.
    public init(octets: Int) {
        precondition((1...RecordRing.most).contains(octets))
        capacity = 1 << (Int.bitWidth - (octets - 1).leadingZeroBitCount)
        unsafe memory = .allocate(byteCount: capacity, alignment: 64)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: capacity)
    }

    /// The largest ring.
    public static let most = 64 << 20

    deinit { unsafe memory.deallocate() }

    /// Appends a record that comes in two pieces, if there is room for both.
    public func append(_ head: RawSpan, _ body: RawSpan) {
        let start = written.load(ordering: .relaxed)
        let length = head.byteCount + body.byteCount
        // What was taken never exceeds what was written.
        guard length <= capacity - Int(start &- taken.load(ordering: .acquiring)) else {
            losses.store(losses.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
            return
        }
        copy(head, at: start)
        copy(body, at: start &+ UInt64(head.byteCount))
        written.store(start &+ UInt64(length), ordering: .releasing)
    }

    private func copy(_ octets: RawSpan, at position: UInt64) {
        let place = Int(position & UInt64(capacity - 1))
        let first = min(octets.byteCount, capacity - place)
        unsafe octets.withUnsafeBytes { octets in
            guard let source = octets.baseAddress else { return }
            // SAFETY: place < capacity, and `append` made sure that there is room for all of it, the end and the beginning.
            unsafe (memory + place).copyMemory(from: source, byteCount: first)
            unsafe memory.copyMemory(from: source + first, byteCount: octets.count - first)
        }
    }

    /// How far one can take: all octets that belong to whole records so far.
    public var end: UInt64 { written.load(ordering: .acquiring) }

    /// Records that were lost because nobody took others in time.
    public var lost: UInt64 { losses.load(ordering: .relaxed) }

    /// The next octets, at most `limit`, up to `end`, which was asked for before; none when there are no more.
    public func take(_ limit: Int, upTo end: UInt64) -> [UInt8] {
        let start = taken.load(ordering: .relaxed)
        let count = Int(min(UInt64(limit), end &- start))
        let place = Int(start & UInt64(capacity - 1))
        let first = min(count, capacity - place)
        // SAFETY: place < capacity and count <= capacity; the other thread writes none of these octets before they are taken.
        var octets = unsafe [UInt8](UnsafeRawBufferPointer(start: memory + place, count: first))
        unsafe octets += UnsafeRawBufferPointer(start: memory, count: count - first)
        taken.store(start &+ UInt64(count), ordering: .releasing)
        return octets
    }
}
