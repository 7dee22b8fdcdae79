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
    ///
    /// Returns when the child waits for the end of its lifeline, or has ended: what it does before is done.
    package static func start(keeping kept: [Int32], _ body: (_ lifeline: consuming Lifeline) -> Void) throws(Errno)
        -> Fork
    {
        var ends: [Int32] = [0, 0]
        try checked(unsafe clinux_pipe(&ends))
        let reading = Descriptor(owning: ends[0])
        let lifeline = Descriptor(owning: ends[1])
        try checked(unsafe clinux_pipe(&ends))
        let readiness = Descriptor(owning: ends[0])
        let announcing = Descriptor(owning: ends[1])
        let id = clinux_fork()
        if id == 0 {
            blockAllSignals()
            closeAll(except: kept + [reading.rawValue, announcing.rawValue])
            body(Lifeline(descriptor: reading, announcing: announcing.release()))
            _exit(0)
        }
        _ = consume reading
        _ = consume announcing
        let process = Fork(id: try checked(id), lifeline: lifeline)
        waitForEnd(of: readiness)
        return process
    }

    /// Nobody ever writes: the only news is the end of the stream.
    private static func waitForEnd(of stream: borrowing Descriptor) {
        var octet: UInt8 = 0
        while unsafe read(stream.rawValue, &octet, 1) < 0, Errno.current == .interrupted {}
    }

    /// What the child has of its parent.
    package struct Lifeline: ~Copyable {
        fileprivate let descriptor: Descriptor
        /// Closed when the child is ready.
        fileprivate let announcing: Int32

        /// Says that all is ready, and waits for the end of the parent, or for its ``Fork/cut()``. Can be called once.
        package func waitForEnd() {
            close(announcing)
            Fork.waitForEnd(of: descriptor)
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
