// SPDX-License-Identifier: Apache-2.0

/// Slots that a thread allocates once and uses for ever: one system call fills or empties many.
@safe public struct PacketBatch: ~Copyable, @unchecked Sendable {
    /// How many packets fit.
    public let capacity: Int
    /// How many slots hold a packet of this round.
    public private(set) var count = 0

    private let memory: UnsafeMutableRawPointer
    private let slots: UnsafeMutablePointer<PacketSlot>

    /// Allocates `capacity` slots of 64 KiB. Only the pages that packets touch become resident.
    public init(capacity: Int) {
        precondition(capacity > 0)
        self.capacity = capacity
        unsafe memory = .allocate(byteCount: capacity * PacketSlot.stride, alignment: 64)
        unsafe slots = .allocate(capacity: capacity)
        for index in 0..<capacity {
            // SAFETY: index < capacity; each slot gets its own stride of the memory.
            unsafe (slots + index).initialize(to: PacketSlot(memory: memory + index * PacketSlot.stride))
        }
    }

    deinit {
        // SAFETY: both were allocated in `init`, and slots own nothing.
        unsafe slots.deinitialize(count: capacity)
        unsafe slots.deallocate()
        unsafe memory.deallocate()
    }

    /// The slots that hold a packet.
    public var indices: Range<Int> { 0..<count }
    /// Whether no slot holds a packet.
    public var isEmpty: Bool { count == 0 }
    /// Whether every slot holds a packet.
    public var isFull: Bool { count == capacity }

    /// The slot at `index`, which may lie beyond `count`: a source fills it first and then says so by ``setCount(_:)``.
    public subscript(index: Int) -> PacketSlot {
        _read {
            precondition(index >= 0 && index < capacity)
            // SAFETY: checked above; initialized in `init`.
            yield unsafe slots[index]
        }
        _modify {
            precondition(index >= 0 && index < capacity)
            // SAFETY: checked above; initialized in `init`; exclusive because the batch is.
            yield unsafe &(slots + index).pointee
        }
    }

    /// Says that the first `count` slots hold packets.
    public mutating func setCount(_ count: Int) {
        precondition((0...capacity).contains(count))
        self.count = count
    }

    /// Forgets all packets.
    public mutating func removeAll() { count = 0 }
}
