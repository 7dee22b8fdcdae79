// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Wire

/// The pieces of memory that one `writev` makes a packet of; allocated once.
@safe struct Gathering: ~Copyable, @unchecked Sendable {
    private let pieces: UnsafeMutablePointer<iovec>
    private let capacity: Int
    private var count = 0

    /// Room for `capacity` pieces.
    init(capacity: Int) {
        self.capacity = capacity
        unsafe pieces = .allocate(capacity: capacity)
        unsafe pieces.initialize(repeating: iovec(), count: capacity)
    }

    deinit {
        // SAFETY: allocated in `init`; trivial types need no deinitialization.
        unsafe pieces.deallocate()
    }

    /// Forgets all pieces.
    mutating func removeAll() { count = 0 }

    /// Goes on with what `slot` holds behind its first `octets`. The slot's batch must live until it is written.
    mutating func append(_ slot: borrowing PacketSlot, from octets: Int = 0) {
        precondition(count < capacity && (0...slot.length).contains(octets))
        // SAFETY: checked above; the slot has `length` octets at `address`.
        unsafe pieces[count] = iovec(iov_base: slot.address + octets, iov_len: slot.length - octets)
        count += 1
    }

    /// Writes all of it as one packet. The corresponding C function is `writev`.
    /// - Returns: why it did not work.
    func write(to descriptor: borrowing Descriptor) -> Errno? {
        let written = unsafe writev(descriptor.rawValue, pieces, Int32(count))
        return written < 0 ? Errno.current : nil
    }
}
