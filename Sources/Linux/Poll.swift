// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Waiting for descriptors. The corresponding C function is `poll`.
package enum Poll {
    /// What ended the wait of a data thread.
    package enum Wake: Sendable {
        /// There is something to read, or an error to find out about by reading.
        case ready
        /// There is something in the error queue, and perhaps something to read too.
        case errors
        /// Somebody called the thread, which has to find out why.
        case called
    }

    /// Waits until `port` has something to read, or until `bell` is signalled, which goes first.
    package static func wait(
        for port: borrowing some PacketPort & ~Copyable, or bell: borrowing Wakeup
    ) throws(Errno) -> Wake {
        var entries: (pollfd, pollfd) = (
            pollfd(fd: port.waitable, events: Int16(POLLIN), revents: 0),
            pollfd(fd: bell.descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        )
        // SAFETY: a homogeneous tuple has the layout of an array of two.
        let result = unsafe withUnsafeMutablePointer(to: &entries) { entries in
            unsafe entries.withMemoryRebound(to: pollfd.self, capacity: 2) { unsafe clinux_poll($0, 2, -1) }
        }
        try checked(result)
        if entries.1.revents != 0 { return .called }
        return entries.0.revents & Int16(POLLERR) != 0 ? .errors : .ready
    }

    /// Waits until `socket` takes more, for `milliseconds` at most.
    package static func waitForRoom(in socket: borrowing Descriptor, milliseconds: Int32) throws(Errno) {
        var entry = pollfd(fd: socket.rawValue, events: Int16(POLLOUT), revents: 0)
        try checked(unsafe clinux_poll(&entry, 1, milliseconds))
    }

    /// What is waited for, and what came of it.
    package struct Interest: Sendable {
        let descriptor: Int32
        let wantsToWrite: Bool
        /// Whether there is something to do, errors included.
        package fileprivate(set) var isReady = false

        /// Something to read, or the end of the other side.
        package static func reading(_ descriptor: borrowing Descriptor) -> Interest {
            Interest(descriptor: descriptor.rawValue, wantsToWrite: false)
        }

        /// That somebody woke us.
        package static func signal(of wakeup: borrowing Wakeup) -> Interest { reading(wakeup.descriptor) }

        /// Nothing at all: keeps a place in a list.
        package static let nothing = Interest(descriptor: -1, wantsToWrite: false)

        /// Something to read from a process-wide source of signals.
        package static func next(of signals: borrowing Signals) -> Interest { reading(signals.descriptor) }

        /// A key that was pressed, or whatever else comes from standard input.
        package static let standardInput = Interest(descriptor: STDIN_FILENO, wantsToWrite: false)

        /// Room to write.
        package static func writing(_ descriptor: borrowing Descriptor) -> Interest {
            Interest(descriptor: descriptor.rawValue, wantsToWrite: true)
        }
    }

    /// Waits until one of `interests` is ready, for `timeoutMilliseconds` at most (-1: for ever).
    ///
    /// The descriptors must stay open until it returns.
    package static func wait(for interests: inout [Interest], timeoutMilliseconds: Int32) throws(Errno) {
        var entries = interests.map {
            pollfd(fd: $0.descriptor, events: Int16($0.wantsToWrite ? POLLOUT : POLLIN), revents: 0)
        }
        try checked(unsafe clinux_poll(&entries, UInt32(entries.count), timeoutMilliseconds))
        for index in interests.indices { interests[index].isReady = entries[index].revents != 0 }
    }
}
