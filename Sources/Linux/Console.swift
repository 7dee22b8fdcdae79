// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// The standard streams.
package enum Console {
    /// Writes text to standard error at once, in one piece, so that lines of several processes do not mix.
    package static func writeError(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
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

    /// Whether somebody looks at standard output.
    package static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}
