// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Signals that ask the process to end, as something to read instead of something that interrupts.
///
/// The corresponding C function is `signalfd`.
package struct Signals: ~Copyable, Sendable {
    package let descriptor: Descriptor

    /// Blocks SIGINT, SIGTERM and SIGHUP, and `more`, for this thread and every thread it starts, and ignores SIGPIPE.
    package init(and more: [Int32] = []) throws(Errno) {
        var set = Signals.endings
        for number in more { unsafe sigaddset(&set, number) }
        unsafe sigprocmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
        let flags = Int32(SFD_CLOEXEC) | Int32(SFD_NONBLOCK)
        descriptor = Descriptor(owning: try posix(unsafe signalfd(-1, &set, flags)))
    }

    /// The signal that arrived, if one did: its number.
    package func next() -> Int32? {
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        return unsafe read(descriptor.rawValue, &info, size) == size ? Int32(info.ssi_signo) : nil
    }

    /// An end from the terminal, Ctrl-C (SIGINT).
    package static let interrupted = SIGINT
    /// The terminal has another size (SIGWINCH).
    package static let resized = SIGWINCH
    /// Somebody wants to go on with the shell, Ctrl-Z (SIGTSTP).
    package static let suspended = SIGTSTP

    /// Stops this process until somebody continues it. The corresponding C call is `raise(SIGSTOP)`.
    package static func stop() { raise(SIGSTOP) }

    private static var endings: sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&set, number) }
        return set
    }
}
