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

/// The classic capture file format (draft-ietf-opsawg-pcap), which every tool reads.
enum PcapFile {
    /// Packets that begin with an IP header (LINKTYPE_RAW).
    private static let linkType: UInt32 = 101

    /// The bytes of a file that holds `frames`.
    static func bytes(_ frames: [Capture.Frame]) -> [UInt8] {
        var file = words([0xa1b2_c3d4, 4 << 16 | 2, 0, 0, 65_535, linkType])
        for frame in frames {
            let length = UInt32(frame.bytes.count)
            let (seconds, microseconds) = frame.time.quotientAndRemainder(dividingBy: 1_000_000)
            file += words([UInt32(seconds), UInt32(microseconds), length, length]) + frame.bytes
        }
        return file
    }

    /// Little-endian words: the magic number tells readers.
    private static func words(_ words: [UInt32]) -> [UInt8] {
        words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
    }
}
