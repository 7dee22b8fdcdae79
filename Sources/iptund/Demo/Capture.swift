// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Wire

/// The first packets that cross an interface, kept in memory by a thread of its own.
struct Capture: ~Copyable {
    /// A packet, and when we saw it.
    struct Frame: Equatable, Sendable {
        /// Microseconds since 1970.
        let time: UInt64
        /// From the IP header on.
        let bytes: [UInt8]
    }

    /// No more than this many are kept: the ping, and the beginning of a transfer.
    static let limit = 500

    private let thread: Linux.Thread
    private let stop: Wakeup
    private let frames: Frames

    /// Written by the thread, read after it was joined.
    private final class Frames: @unchecked Sendable {
        var kept: [Frame] = []
    }

    /// Starts to capture on an interface of a namespace.
    static func start(_ interface: String, in namespace: String) throws(Errno) -> Capture {
        let socket = try NamespaceSocket.open(.capture(interface: interface), in: namespace)
        let stop = try Wakeup()
        let frames = Frames()
        let work = Work(socket: socket, stop: try stop.duplicate(), frames: frames)
        return Capture(thread: try Linux.Thread.start("capture", work), stop: stop, frames: frames)
    }

    /// Ends the capture.
    consuming func finish() throws(Errno) -> [Frame] {
        stop.signal()
        let frames = frames
        try thread.join()
        return frames.kept
    }

    private struct Work: ~Copyable, ThreadWork {
        let socket: Descriptor
        let stop: Wakeup
        let frames: Frames

        consuming func run() throws(Errno) {
            let frames = frames
            while frames.kept.count < Capture.limit {
                var interests: [Poll.Interest] = [.signal(of: stop), .reading(socket)]
                try Poll.wait(for: &interests, timeoutMilliseconds: -1)
                while frames.kept.count < Capture.limit, let bytes = try socket.receive(limit: 65_536) {
                    frames.kept.append(Frame(time: Clock.wall, bytes: bytes))
                }
                if interests[0].isReady { return }
            }
        }
    }
}
