// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// The terminal that standard output is, as long as it shows a screen of ours instead of lines.
///
/// The corresponding C functions are `tcgetattr`, `tcsetattr` and the ioctl `TIOCGWINSZ`. What it was before comes back with
/// ``leave()``, or at the latest when this value goes away; signals that would end or stop the process have to be caught
/// meanwhile (``Signals``). A terminal that takes nothing, as after Ctrl-S, holds us up for no more than a second at a time.
package struct Terminal: ~Copyable {
    private let before: termios
    private var isEntered = false

    /// How long a terminal may take nothing, milliseconds.
    private static let patience: Int32 = 1000
    /// Who finds room for anything on a terminal finds room for this much, octets.
    private static let portion = 256

    /// Remembers how the terminal is.
    /// - Throws: `Errno` when standard output is no terminal (ENOTTY).
    package init() throws(Errno) {
        var settings = termios()
        try posix(unsafe tcgetattr(STDOUT_FILENO, &settings))
        before = settings
    }

    deinit { if isEntered { Terminal.restore(before) } }

    /// Shows an empty screen and hides the cursor; keys come one by one and are not shown. What was there is kept aside.
    package mutating func enter() throws(Errno) {
        isEntered = true
        var settings = before
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        try posix(unsafe tcsetattr(STDOUT_FILENO, TCSANOW, &settings))
        // The alternate screen, no cursor, and no line that goes on in the next one.
        try Terminal.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l\u{1B}[2J")
    }

    /// Makes the terminal what it was.
    package mutating func leave() {
        if isEntered { Terminal.restore(before) }
        isEntered = false
    }

    /// How much fits; 80 columns and 24 rows where nobody knows. The corresponding C call is `ioctl(TIOCGWINSZ)`.
    package var size: (columns: Int, rows: Int) {
        let packed = clinux_terminal_size(STDOUT_FILENO)
        let (columns, rows) = (Int(packed) >> 16, Int(packed) & 0xffff)
        return packed > 0 && columns > 0 && rows > 0 ? (columns, rows) : (80, 24)
    }

    /// Replaces what is on the screen, line by line.
    /// - Throws: `Errno.timedOut` when the terminal takes nothing, `Errno.inputOutput` or another one when it is gone.
    package func draw(_ lines: [String]) throws(Errno) {
        let body = lines.map { "\($0)\u{1B}[K" }.joined(separator: "\r\n")
        try Terminal.write("\u{1B}[H\(body)\u{1B}[J")
    }

    /// The keys that were pressed since the last time, as octets. Waits for one; `nil` when there will be no more.
    package func keys() -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(STDIN_FILENO, &buffer, buffer.count)
        return count > 0 ? Array(buffer[..<count]) : nil
    }

    /// Whether somebody can press keys.
    package static var hasKeys: Bool { isatty(STDIN_FILENO) == 1 }

    private static func restore(_ before: termios) {
        var settings = before
        _ = unsafe tcsetattr(STDOUT_FILENO, TCSANOW, &settings)
        try? write("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
    }

    private static func write(_ text: String) throws(Errno) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            var entry = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
            guard try checked(unsafe clinux_poll(&entry, 1, patience)) > 0 else { throw .timedOut }
            let next = Array(bytes.prefix(portion))
            let count = unsafe Glibc.write(STDOUT_FILENO, next, next.count)
            if count < 0, Errno.current == .interrupted { continue }
            bytes = bytes.dropFirst(try posix(count))
        }
    }
}
