// SPDX-License-Identifier: Apache-2.0

/// A place for one packet: memory with room in front for a header, and what is known about the packet in it.
///
/// ```
/// |<-- headroom 64 -->|<------------- 65,535 -------------->|
/// |         [ offset  |   length ... ]                      |
/// ```
/// Headers are added and removed by moving `offset`; the packet itself is never copied.
@safe public struct PacketSlot: ~Copyable {
    /// Octets before the packet that headers can grow into.
    public static let headroom = 64
    /// The longest packet.
    public static let capacity = IPv4Packet.maximumLength
    /// What a slot takes, octets: aligned to cache lines, and so much more than 64 KiB that the packets of neighbours, which
    /// mostly are as long as an Ethernet frame, do not share the same few lines of a cache.
    static let stride = headroom + capacity + 1 + 1_536

    private let memory: UnsafeMutableRawPointer

    /// Where the packet starts, octets from the start of the memory.
    public private(set) var offset = headroom
    /// How long the packet is, octets.
    public private(set) var length = 0

    /// What is left to do about the transport checksum.
    public var checksum = ChecksumState.unknown
    /// Payload octets per segment of a superpacket; 0 for an ordinary packet.
    public var segmentSize = 0
    /// The outer packet that the rules decided on; `nil` until they have.
    public var outer: OuterFields?
    /// Into how many outer packets it goes.
    public var cut = Cut.whole
    /// What the packet's sender is to be told, whether it goes on or not.
    public var answer: ICMPv4Error?
    /// What was odd about a packet that goes on nevertheless.
    public var remark: Remark?
    /// Whose packet it is; `nil` until a rule found out.
    public var peer: PeerIndex?
    /// What became of the packet.
    public var fate = Fate.pending

    /// What became of a packet.
    public enum Fate: Equatable, Sendable {
        /// It goes on to the sink.
        case pending
        /// A rule dropped it, and counted that.
        case dropped
        /// It does not go on as it is, but as the packets that it stands for, one by one.
        case apart
        /// The sink delivered it.
        case delivered
        /// The sink could not deliver it: the errno.
        case failed(Int32)
    }

    /// What is worth counting about a packet that is not dropped.
    public enum Remark: UInt8, CaseIterable, Sendable {
        /// The outer header says ECT(0) where the inner one says ECT(1) (RFC 6040 §4.2, marked "(!)").
        case unexpectedECN
        /// The outer header claims an ECN that the inner one does not, other than congestion ("(!!!)" there).
        case dangerousECN
    }

    /// Uses `memory` of ``stride`` octets, which somebody else owns.
    @unsafe init(memory: UnsafeMutableRawPointer) {
        unsafe self.memory = unsafe memory
    }

    /// Makes the slot empty again.
    public mutating func reset() {
        offset = PacketSlot.headroom
        length = 0
        checksum = .unknown
        segmentSize = 0
        outer = nil
        cut = .whole
        answer = nil
        remark = nil
        peer = nil
        fate = .pending
    }
}

/// The bytes.
extension PacketSlot {
    /// The packet.
    public var bytes: RawSpan {
        @_lifetime(borrow self)
        get {
            // SAFETY: 0 <= offset and offset + length <= stride, kept by every function that changes them.
            let span = unsafe RawSpan(_unsafeStart: memory + offset, byteCount: length)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// The packet, to change.
    public var mutableBytes: MutableRawSpan {
        @_lifetime(&self)
        mutating get {
            // SAFETY: as `bytes`; exclusive because the slot is.
            let span = unsafe MutableRawSpan(_unsafeStart: memory + offset, byteCount: length)
            return unsafe _overrideLifetime(span, mutating: &self)
        }
    }

    /// The start of the packet, for system calls. Valid as long as the batch lives; headroom lies before it.
    @unsafe public var address: UnsafeMutableRawPointer { unsafe memory + offset }

    /// Says that a source has written `length` octets which start `leading` octets before the packet's usual place.
    public mutating func place(length: Int, leading: Int = 0) {
        precondition((0...PacketSlot.headroom).contains(leading) && length >= 0)
        precondition(length - leading <= PacketSlot.capacity)
        offset = PacketSlot.headroom - leading
        self.length = length
    }

    /// Makes room for `octets` of header before the packet. Traps when the headroom is used up.
    public mutating func prepend(_ octets: Int) {
        precondition(octets >= 0 && octets <= offset)
        offset -= octets
        length += octets
    }

    /// Keeps only `range` of the packet, counted from its start. Traps when the packet is shorter.
    public mutating func strip(to range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= length)
        offset += range.lowerBound
        length = range.count
    }

    /// Copies `packet` into the slot, for tests and for packets that we make ourselves. Traps when it is too long.
    public mutating func copy(_ packet: RawSpan) {
        reset()
        place(length: packet.byteCount)
        // SAFETY: `place` checked that the length fits.
        unsafe packet.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(start: address, count: length).copyMemory(from: source)
        }
    }
}
