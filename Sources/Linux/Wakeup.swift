// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// A descriptor that becomes readable when somebody calls ``signal()``, and stays so until ``clear()``: how threads are told
/// to stop.
///
/// The corresponding C function is `eventfd`.
public struct Wakeup: ~Copyable, Sendable {
    package let descriptor: Descriptor

    /// A wake-up that nobody has signalled yet.
    package init() throws(Errno) {
        descriptor = Descriptor(owning: try posix(eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))))
    }

    private init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// The same wake-up, for another thread.
    package func duplicate() throws(Errno) -> Wakeup { Wakeup(try descriptor.duplicate()) }

    /// Forgets that it was signalled: for one whose waiters come back.
    package func clear() {
        var value: eventfd_t = 0
        _ = unsafe eventfd_read(descriptor.rawValue, &value)
    }

    /// Wakes everybody who waits, now and later.
    package func signal() { _ = eventfd_write(descriptor.rawValue, 1) }
}
