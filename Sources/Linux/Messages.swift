// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Wire

/// What `recvmmsg` and `sendmmsg` want to know about each packet of a batch; allocated once.
@safe struct Messages: ~Copyable, @unchecked Sendable {
    /// How many packets there is room for.
    let capacity: Int
    private let messages: UnsafeMutablePointer<clinux_message>
    /// Two pieces of memory for each message: a head, and the rest.
    private let pieces: UnsafeMutablePointer<iovec>
    private let addresses: UnsafeMutablePointer<sockaddr_in>
    /// What each message that is sent says of itself, the same for all.
    private let note: UnsafeMutablePointer<ProtocolNote>?

    /// Room for `capacity` packets; those that are sent carry `note`.
    init(capacity: Int, note: ProtocolNote? = nil) {
        self.capacity = capacity
        unsafe self.note = note.map { note in
            let place = UnsafeMutablePointer<ProtocolNote>.allocate(capacity: 1)
            unsafe place.initialize(to: note)
            return unsafe place
        }
        unsafe messages = .allocate(capacity: capacity)
        unsafe pieces = .allocate(capacity: capacity * 2)
        unsafe addresses = .allocate(capacity: capacity)
        unsafe messages.initialize(repeating: clinux_message(), count: capacity)
        unsafe pieces.initialize(repeating: iovec(), count: capacity * 2)
        unsafe addresses.initialize(repeating: sockaddr_in(), count: capacity)
    }

    deinit {
        // SAFETY: allocated in `init`; trivial types need no deinitialization.
        unsafe messages.deallocate()
        unsafe pieces.deallocate()
        unsafe addresses.deallocate()
        unsafe note?.deallocate()
    }

    /// Lets message `index` receive up to `room` octets into `memory`, which must live as long as the next call.
    @unsafe func receive(_ index: Int, into memory: UnsafeMutableRawPointer, room: Int) {
        precondition(index < capacity)
        // SAFETY: checked above.
        unsafe pieces[index * 2] = iovec(iov_base: memory, iov_len: room)
        unsafe messages[index].header = msghdr()
        unsafe messages[index].header.msg_iov = pieces + index * 2
        unsafe messages[index].header.msg_iovlen = 1
    }

    /// Lets message `index` carry `piece`, and then `rest`, to `destination`; both must live as long as the next call.
    @unsafe func send(
        _ index: Int, _ piece: UnsafeMutableRawBufferPointer, then rest: UnsafeMutableRawBufferPointer? = nil,
        to destination: IPv4Address
    ) {
        precondition(index < capacity)
        // SAFETY: checked above.
        unsafe pieces[index * 2] = iovec(iov_base: piece.baseAddress, iov_len: piece.count)
        if let rest = unsafe rest {
            unsafe pieces[index * 2 + 1] = iovec(iov_base: rest.baseAddress, iov_len: rest.count)
        }
        unsafe addresses[index] = sockaddr_in(destination)
        unsafe messages[index].header = msghdr()
        unsafe messages[index].header.msg_name = UnsafeMutableRawPointer(addresses + index)
        unsafe messages[index].header.msg_namelen = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe messages[index].header.msg_iov = pieces + index * 2
        unsafe messages[index].header.msg_iovlen = rest == nil ? 1 : 2
        if let note = unsafe note {
            unsafe messages[index].header.msg_control = UnsafeMutableRawPointer(note)
            unsafe messages[index].header.msg_controllen = MemoryLayout<ProtocolNote>.size
        }
    }

    /// Octets that message `index` received.
    func length(_ index: Int) -> Int {
        precondition(index < capacity)
        // SAFETY: checked above.
        return Int(unsafe messages[index].length)
    }

    /// The corresponding C function is `recvmmsg`. Returns messages received, or -errno.
    func receive(from descriptor: borrowing Descriptor, count: Int) -> Int32 {
        precondition(count <= capacity)
        return unsafe clinux_recvmmsg(descriptor.rawValue, messages, UInt32(count), Int32(MSG_DONTWAIT))
    }

    /// The corresponding C function is `sendmmsg`. Returns messages sent, or -errno of the first.
    func send(to descriptor: borrowing Descriptor, from first: Int, count: Int, flags: Int32 = 0) -> Int32 {
        precondition(first >= 0 && first + count <= capacity)
        let start = unsafe messages + first
        return unsafe clinux_sendmmsg(descriptor.rawValue, start, UInt32(count), flags | Int32(MSG_DONTWAIT))
    }
}
