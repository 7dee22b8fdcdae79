// SPDX-License-Identifier: Apache-2.0

internal import Comparison
internal import Glibc

/// A program that we started. What it prints goes to a file without a name, which cannot be left behind.
///
/// It leads a process group of its own, so that Ctrl-C reaches us alone, and it is ended in the order that we choose.
final class Child {
    let id: Int32
    /// How to call it in messages.
    let name: String
    private let output: Int32
    /// What it returned, or 128 plus the signal that ended it; `nil` while it runs, as of the last ``poll()``.
    private(set) var status: Int32?

    /// Starts `words[0]`, looked up in PATH, with `environment` added to ours.
    init(_ words: [String], name: String? = nil, environment: [String: String] = [:]) throws(Complaint) {
        self.name = name ?? words[0]
        var template = Array("/tmp/iptund-bench-XXXXXX".utf8CString)
        output = unsafe mkstemp(&template)
        guard output >= 0 else {
            throw Complaint("a temporary file", why: Child.message(errno), whatNow: "is /tmp full?")
        }
        unsafe unlink(&template)
        _ = fcntl(output, F_SETFD, FD_CLOEXEC)
        var started: pid_t = 0
        let result = Child.spawn(words, environment, output: output, &started)
        id = started
        guard result == 0 else {
            close(output)
            throw Complaint("cannot start \(words[0])", why: Child.message(result), whatNow: "is it installed?")
        }
    }

    deinit { close(output) }

    /// Looks whether it has ended.
    @discardableResult
    func poll() -> Int32? {
        var code: Int32 = 0
        if status == nil, unsafe waitpid(id, &code, WNOHANG) == id {
            let signal = code & 0x7f
            status = signal == 0 ? code >> 8 & 0xff : 128 + signal
        }
        return status
    }

    /// Sends a signal, unless it has ended: its number may be somebody else's by now.
    func signal(_ number: Int32) { if poll() == nil { kill(id, number) } }

    /// Everything that it printed so far.
    var text: String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe pread(output, &buffer, buffer.count, bytes.count)
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    /// The last line that it printed, as the likely reason of its end.
    var lastWords: String {
        text.split(whereSeparator: \.isNewline).last { $0.contains { !$0.isWhitespace } }.map(String.init)
            ?? "it said nothing"
    }

    /// - Returns: 0, or what went wrong.
    private static func spawn(
        _ words: [String], _ environment: [String: String], output: Int32, _ id: inout pid_t
    ) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 2)
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        unsafe sigaddset(&signals, SIGPIPE)
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP
        unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
        // SAFETY: the copies live until after the call, and each list ends with nil.
        let arguments = unsafe words.map { unsafe strdup($0) } + [nil]
        let variables = unsafe Environment.with(environment).map { unsafe strdup($0) } + [nil]
        defer { unsafe (arguments + variables).forEach { unsafe free($0) } }
        return unsafe posix_spawnp(&id, words[0], &actions, &attributes, arguments, variables)
    }

    private static func message(_ code: Int32) -> String { unsafe String(cString: strerror(code)) }
}
