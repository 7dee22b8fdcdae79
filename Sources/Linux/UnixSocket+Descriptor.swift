// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// What one message through a Unix socket brought.
package struct ReceivedMessage: ~Copyable, Sendable {
    /// Its octets: none at the end of the stream.
    package let bytes: [UInt8]
    /// The open file that came with them; closed with this value unless somebody takes it.
    package var descriptor: Descriptor?
}

/// Open files through a connected Unix socket (SCM_RIGHTS, unix(7)).
extension Descriptor {
    /// Sends octets, at least one, and with them another owner of the open file `passed`.
    ///
    /// Waits unless the socket does not. The corresponding C function is `sendmsg`.
    /// - Returns: how many octets the socket took: all of them, if it keeps messages apart.
    package func send(_ bytes: [UInt8], with passed: borrowing Descriptor) throws(Errno) -> Int {
        guard !bytes.isEmpty else { throw .invalidArgument }
        var control = Control()
        let room = MemoryLayout<Control>.offset(of: \.numbers).map { $0 + MemoryLayout<Int32>.size } ?? 0
        control.header.cmsg_len = room
        control.header.cmsg_level = SOL_SOCKET
        control.header.cmsg_type = Int32(SCM_RIGHTS)
        control.numbers[0] = passed.rawValue
        var bytes = bytes
        let sent = unsafe withMessage(&bytes, &control) { message in
            // A control message ends where its header says, the buffer at the next multiple of eight.
            unsafe message.msg_controllen = (room + 7) & ~7
            return retried { unsafe sendmsg(rawValue, &message, Int32(MSG_NOSIGNAL)) }
        }
        return try posix(sent)
    }

    /// Receives up to `limit` octets, and the open file that came with them, closed on exec; `nil` when there is
    /// nothing yet.
    ///
    /// More than one open file is closed. The corresponding C function is
    /// `recvmsg`.
    /// - Throws: `Errno.messageTooLong` when the message was longer, or brought more open files than there was room
    ///   for: it is lost, and what came with it closed.
    package func receiveMessage(limit: Int) throws(Errno) -> ReceivedMessage? {
        var buffer = [UInt8](repeating: 0, count: limit)
        var control = Control()
        var (flags, controlLength) = (Int32(0), 0)
        let count = unsafe withMessage(&buffer, &control) { message in
            let count = retried { unsafe recvmsg(rawValue, &message, Int32(MSG_CMSG_CLOEXEC)) }
            unsafe (flags, controlLength) = (message.msg_flags, message.msg_controllen)
            return count
        }
        guard count >= 0 else {
            if Errno.current == .wouldBlock { return nil }
            throw .current
        }
        let number = control.takeOne(length: controlLength)
        let truncated = Int32(MSG_TRUNC) | Int32(MSG_CTRUNC)
        guard flags & truncated == 0, let number else {
            number.map { Descriptor(owning: $0).closeAtOnce() }
            throw .messageTooLong
        }
        return ReceivedMessage(
            bytes: Array(buffer[..<count]), descriptor: number < 0 ? nil : Descriptor(owning: number))
    }

    /// Closes what somebody else handed over. A connection may have been told to wait for its last octets (SO_LINGER), which
    /// would be our time.
    package consuming func closeAtOnce() {
        var impatience = linger(l_onoff: 0, l_linger: 0)
        _ = unsafe setsockopt(rawValue, SOL_SOCKET, SO_LINGER, &impatience, socklen_t(MemoryLayout<linger>.size))
    }
}

/// A control message with room for all open files that Linux lets one have (SCM_MAX_FD, 253), and one more: what there is no
/// room for the kernel would close for us, in its own way.
private struct Control {
    var header = cmsghdr()
    var numbers = InlineArray<254, Int32>(repeating: -1)

    /// Takes over the open files in the first `length` octets: the number of the one there is, -1 for none; of several all
    /// are closed, and it is `nil`.
    func takeOne(length: Int) -> Int32? {
        let start = MemoryLayout<cmsghdr>.size
        guard length >= start, header.cmsg_level == SOL_SOCKET, header.cmsg_type == Int32(SCM_RIGHTS) else {
            return -1
        }
        let count = (min(length, Int(header.cmsg_len)) - start) / MemoryLayout<Int32>.size
        guard count > 1 else { return count == 1 ? numbers[0] : -1 }
        for index in 0..<count { Descriptor(owning: numbers[index]).closeAtOnce() }
        return nil
    }
}

/// Runs `call` with a message that consists of `bytes` and `control`.
private func withMessage(
    _ bytes: inout [UInt8], _ control: inout Control, _ call: (inout msghdr) -> Int
) -> Int {
    // SAFETY: all that the message points to lives until `call` has returned.
    unsafe bytes.withUnsafeMutableBytes { bytes in
        var piece = unsafe iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return unsafe withUnsafeMutablePointer(to: &piece) { piece in
            unsafe withUnsafeMutableBytes(of: &control) { control in
                var message = unsafe msghdr()
                unsafe message.msg_iov = piece
                unsafe message.msg_iovlen = 1
                unsafe message.msg_control = control.baseAddress
                unsafe message.msg_controllen = control.count
                return unsafe call(&message)
            }
        }
    }
}

/// Calls again what a signal interrupted.
private func retried(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        guard result < 0, Errno.current == .interrupted else { return result }
    }
}
