// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// A copy of this process that does one thing and ends.
///
/// The corresponding C functions are `fork` and `waitpid`.
package struct Fork: ~Copyable, Sendable {
    private let id: Int32
    /// Held by the parent alone: it closes, at the latest, when the parent ends in whatever way.
    private let lifeline: Descriptor

    /// Forks. The child closes every descriptor but the standard ones, the end of its lifeline and `kept`, runs `body`,
    /// and ends without running anything else of ours. For a process with one thread.
    package static func start(keeping kept: [Int32], _ body: (_ lifeline: consuming Lifeline) -> Void) throws(Errno)
        -> Fork
    {
        var ends: [Int32] = [0, 0]
        try checked(unsafe clinux_pipe(&ends))
        let (reading, writing) = (ends[0], ends[1])
        let id = clinux_fork()
        if id == 0 {
            blockAllSignals()
            closeAll(except: kept + [reading])
            body(Lifeline(descriptor: Descriptor(owning: reading)))
            _exit(0)
        }
        close(reading)
        let lifeline = Descriptor(owning: writing)
        return Fork(id: try checked(id), lifeline: lifeline)
    }

    /// What the child has of its parent.
    package struct Lifeline: ~Copyable {
        fileprivate let descriptor: Descriptor

        /// Waits for the end of the parent, or for its ``Fork/cut()``.
        package func waitForEnd() {
            var octet: UInt8 = 0
            // Nobody ever writes: the only news is the end of the stream.
            while unsafe read(descriptor.rawValue, &octet, 1) < 0, Errno.current == .interrupted {}
        }
    }

    /// Cuts the lifeline and waits until the child has ended.
    package consuming func cut() {
        let id = id
        _ = consume lifeline
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0, Errno.current == .interrupted {}
    }

    /// What ends the parent, such as Ctrl-C or Ctrl-\\ for the whole group, must not end the child before it has worked.
    private static func blockAllSignals() {
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe sigprocmask(SIG_BLOCK, &all, nil)
    }

    private static func closeAll(except kept: [Int32]) {
        var first: UInt32 = 3
        for number in kept.sorted().map(UInt32.init) where number >= first {
            if number > first { _ = clinux_close_range(first, number - 1) }
            first = number + 1
        }
        _ = clinux_close_range(first, .max)
    }
}
