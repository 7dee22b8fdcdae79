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
        let pair = try UnixSocket.pair()
        let reading = pair.first
        let lifeline = pair.second
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

    /// Waits for an octet or the end of the stream, whichever is first: how many octets came.
    @discardableResult
    private static func waitForEnd(of stream: borrowing Descriptor) -> Int {
        var octet: UInt8 = 0
        while true {
            let count = unsafe read(stream.rawValue, &octet, 1)
            guard count < 0, Errno.current == .interrupted else { return count }
        }
    }

    /// How a parent went.
    package enum Farewell: Sendable {
        /// It said that it was about to: as planned.
        case said
        /// It said nothing: it was killed, or crashed.
        case missing
    }

    /// Sends a message to the child. One that does not listen misses it.
    package func send(_ octets: [UInt8]) { _ = try? lifeline.send(octets[...]) }

    /// The parent's end of the lifeline once more, to hear what the child says. It must go before ``cut(_:)`` is heard.
    package func line() throws(Errno) -> Descriptor { try lifeline.duplicate() }

    /// What the child has of its parent.
    package struct Lifeline: ~Copyable {
        /// Where both can say something, in messages; it ends with the parent.
        package let descriptor: Descriptor
        /// Closed when the child is ready.
        fileprivate let announcing: Int32

        /// Says that all is ready, and waits for the end of the parent, or for its ``Fork/cut(_:)``. Can be called
        /// once.
        @discardableResult
        package func waitForEnd() -> Farewell {
            announceReady()
            return Fork.waitForEnd(of: descriptor) > 0 ? .said : .missing
        }

        /// Says that all is ready. Can be called once.
        package func announceReady() { close(announcing) }
    }

    /// Cuts the lifeline, with or without a word before, and waits until the child has ended.
    package consuming func cut(_ farewell: Farewell = .said) {
        let id = id
        if case .said = farewell { send([1]) }
        _ = consume lifeline
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0, Errno.current == .interrupted {}
    }

    /// What ends the parent, such as Ctrl-C or Ctrl-\\ for the whole group, must not end the child before it has
    /// worked.
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
