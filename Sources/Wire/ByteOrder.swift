// SPDX-License-Identifier: Apache-2.0

/// Network byte order (RFC 791, appendix B): the most significant octet comes first.
///
/// The loads are `unsafe` to the compiler only because they are generic: for integers every bit pattern is a value,
/// and the offset is checked against the span.
extension RawSpan {
    /// The octet at `offset`. Traps when it lies outside of the span.
    public func octet(at offset: Int) -> UInt8 {
        // SAFETY: bounds are checked by the callee; every bit pattern is a UInt8.
        unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
    }

    /// The two octets at `offset`, in host byte order. Traps when they lie outside of the span.
    public func uint16(at offset: Int) -> UInt16 {
        // SAFETY: bounds are checked by the callee; every bit pattern is a UInt16.
        UInt16(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    /// The four octets at `offset`, in host byte order. Traps when they lie outside of the span.
    public func uint32(at offset: Int) -> UInt32 {
        // SAFETY: bounds are checked by the callee; every bit pattern is a UInt32.
        UInt32(bigEndian: unsafe unsafeLoadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
}

extension MutableRawSpan {
    /// Writes one octet at `offset`. Traps when it lies outside of the span.
    @_lifetime(self: copy self)
    public mutating func store(_ value: UInt8, at offset: Int) {
        storeBytes(of: value, toByteOffset: offset, as: UInt8.self)
    }

    /// Writes two octets at `offset`, most significant first. Traps when they lie outside of the span.
    @_lifetime(self: copy self)
    public mutating func store(_ value: UInt16, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt16.self)
    }

    /// Writes four octets at `offset`, most significant first. Traps when they lie outside of the span.
    @_lifetime(self: copy self)
    public mutating func store(_ value: UInt32, at offset: Int) {
        storeBytes(of: value.bigEndian, toByteOffset: offset, as: UInt32.self)
    }

    /// The octets of `range`, to change. Traps when they lie outside of the span.
    ///
    /// The standard library's own name for this is not settled yet, hence one place that knows it.
    @_lifetime(&self)
    public mutating func part(_ range: Range<Int>) -> MutableRawSpan { _mutatingExtracting(range) }

    /// Copies `source` to `offset`. Traps when there is less room.
    @_lifetime(self: copy self)
    public mutating func copy(_ source: RawSpan, to offset: Int) {
        precondition(offset >= 0 && source.byteCount <= byteCount - offset)
        unsafe withUnsafeMutableBytes { target in
            unsafe source.withUnsafeBytes { source in
                // SAFETY: the room was checked above.
                guard let from = source.baseAddress, let to = target.baseAddress else { return }
                unsafe (to + offset).copyMemory(from: from, byteCount: source.count)
            }
        }
    }
}

extension [UInt8] {
    /// The octets of an array, to look at without copying them.
    public var octets: RawSpan {
        @_lifetime(borrow self)
        get {
            // SAFETY: `unsafe` warns of padding between elements, which octets do not have.
            unsafe span.bytes
        }
    }
}
