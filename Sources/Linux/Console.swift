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

    /// Lets each line of standard output be seen at once, in a pipe or a file too: progress is for watching.
    ///
    /// The corresponding C function is `setvbuf`.
    package static func bufferOutputByLine() { _ = clinux_buffer_output_by_line() }

    /// Whether somebody looks at standard output.
    package static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}
