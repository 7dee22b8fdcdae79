// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Synchronization

/// The standard streams.
package enum Console {
    /// Writes a line to standard error at once, in one piece, so that those of several processes do not mix.
    ///
    /// After ``stopWaiting()`` one that nobody makes room for is lost, and the next one says so.
    package static func writeError(_ text: String) {
        let bytes = Array(text.utf8)
        guard waitsForNobody.load(ordering: .relaxed) else {
            _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
            return
        }
        // A pipe that has room at all has room for this much (PIPE_BUF).
        guard hasRoom else {
            lostLines.wrappingAdd(1, ordering: .relaxed)
            return
        }
        let lost = lostLines.exchange(0, ordering: .relaxed)
        let remark = lost == 0 ? "" : "iptund: \(lost) lines before this one were lost: nobody took them\n"
        let piece = Array((Array(remark.utf8) + bytes).prefix(longestPiece))
        _ = unsafe write(STDERR_FILENO, piece, piece.count)
    }

    /// Whoever reads standard error, and does not, can hold nobody up from here on: neither packets nor the end.
    package static func stopWaiting() { waitsForNobody.store(true, ordering: .relaxed) }

    /// Opens /dev/null where a standard stream is closed: else the next socket would have its number, and get what is written to
    /// that.
    package static func openMissingStreams() {
        for number in STDIN_FILENO...STDERR_FILENO where clinux_is_open(number) < 0 {
            // The lowest number that is free, which is this one.
            _ = unsafe clinux_open("/dev/null", O_RDWR, 0)
        }
    }

    private static let waitsForNobody = Atomic(false)
    private static let lostLines = Atomic(0)
    private static let longestPiece = 4_096

    private static var hasRoom: Bool {
        var entry = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        return unsafe clinux_poll(&entry, 1, 0) > 0 && entry.revents & Int16(POLLOUT) != 0
    }

    /// What standard error is, as systemd writes it into `JOURNAL_STREAM` (sd-daemon(3)): `DEVICE:INODE`.
    ///
    /// The corresponding C function is `fstat`.
    package static var errorStream: String? {
        var status = stat()
        guard unsafe fstat(STDERR_FILENO, &status) == 0 else { return nil }
        return "\(status.st_dev):\(status.st_ino)"
    }

    /// Lets each line of standard output be seen at once, in a pipe or a file too: progress is for watching.
    ///
    /// The corresponding C function is `setvbuf`.
    package static func bufferOutputByLine() { _ = clinux_buffer_output_by_line() }

    /// Writes out what was printed. The corresponding C function is `fflush`.
    /// - Throws: why some of it is lost, as on a full disk.
    package static func flushOutput() throws(Errno) { try checked(clinux_flush_output()) }

    /// Standard output, for what is not text: nothing may be printed any more once this has gone.
    package static var output: Descriptor { Descriptor(owning: STDOUT_FILENO) }

    /// Whether somebody looks at standard output.
    package static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}
