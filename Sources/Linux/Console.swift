// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// The standard streams.
package enum Console {
    /// Writes text to standard error at once, in one piece, so that lines of several processes do not mix.
    package static func writeError(_ text: String) {
        let bytes = Array(text.utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }

    /// Whether somebody looks at standard output.
    package static var isOutputTerminal: Bool { isatty(STDOUT_FILENO) == 1 }
}
