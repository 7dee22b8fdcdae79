// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Another program, started and watched by us.
///
/// The corresponding C functions are `posix_spawnp` and `waitpid`. The child starts with no signal blocked, whatever we
/// have blocked, and inherits no descriptor but the standard ones.
package struct ChildProcess: ~Copyable, Sendable {
    /// Its process id.
    package let id: Int32
    /// Where we read what it prints; none when that is not captured.
    let output: Descriptor

    init(id: Int32, output: consuming Descriptor) {
        self.id = id
        self.output = output
    }

    /// Where the child's standard output and error go.
    package enum Output: Sendable {
        /// To where ours go.
        case inherited
        /// Into a pipe that we read.
        case captured
        /// To a file, from its start.
        case file(String)
        /// Nowhere.
        case discarded
    }

    /// How a program ended.
    package struct Ending: Equatable, Sendable {
        /// What it returned, or 128 plus the signal that ended it.
        package let status: Int32
        /// What it printed, when that was captured.
        package let text: String
    }

    /// Starts `arguments[0]`, looked up in PATH.
    package static func start(_ arguments: [String], output: Output = .inherited) throws(Errno) -> ChildProcess {
        var pipeEnds: (reading: Int32, writing: Int32) = (-1, -1)
        if case .captured = output {
            var ends: [Int32] = [0, 0]
            try checked(unsafe clinux_pipe(&ends))
            pipeEnds = (ends[0], ends[1])
        }
        defer { if pipeEnds.writing >= 0 { close(pipeEnds.writing) } }
        let reading = Descriptor(owning: pipeEnds.reading)
        let id = try spawn(arguments, output: output, writing: pipeEnds.writing)
        return ChildProcess(id: id, output: reading)
    }

    /// Runs `arguments` to their end and returns what they printed.
    package static func run(_ arguments: [String]) throws(Errno) -> Ending {
        let child = try start(arguments, output: .captured)
        let text = try child.readAll()
        return Ending(status: try child.wait(), text: text)
    }

    /// Starts it; `errors` is where its standard error goes, if not to where its standard output does.
    static func spawn(
        _ arguments: [String], output: Output, writing: Int32, errors: Int32 = -1
    ) throws(Errno) -> Int32 {
        var actions = unsafe posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        var none = sigset_t()
        unsafe posix_spawn_file_actions_init(&actions)
        unsafe posix_spawnattr_init(&attributes)
        unsafe sigemptyset(&none)
        defer {
            unsafe posix_spawn_file_actions_destroy(&actions)
            unsafe posix_spawnattr_destroy(&attributes)
        }
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        switch output {
        case .inherited: break
        case .captured: unsafe posix_spawn_file_actions_adddup2(&actions, writing, 1)
        case .file(let path):
            let flags = O_WRONLY | O_CREAT | O_TRUNC
            unsafe posix_spawn_file_actions_addopen(&actions, 1, path, flags, 0o600)
        case .discarded: unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        }
        if case .inherited = output {} else { unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2) }
        if errors >= 0 { unsafe posix_spawn_file_actions_adddup2(&actions, errors, 2) }
        var id: pid_t = 0
        let words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        let status = unsafe posix_spawnp(&id, arguments[0], &actions, &attributes, words, environ)
        guard status == 0 else { throw Errno(rawValue: status) }
        return id
    }

    /// Sends a signal. The corresponding C function is `kill`.
    package func signal(_ number: Int32) { kill(id, number) }

    /// Waits for the end: the exit status, or 128 plus the signal.
    @discardableResult
    package consuming func wait() throws(Errno) -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0 {
            guard Errno.current == .interrupted else { throw .current }
        }
        return ChildProcess.code(status)
    }

    /// The exit status when it has ended already, else `nil`: call ``wait()`` then no more.
    package func poll() -> Int32? {
        var status: Int32 = 0
        return unsafe waitpid(id, &status, WNOHANG) == id ? ChildProcess.code(status) : nil
    }

    private static func code(_ status: Int32) -> Int32 {
        let signal = status & 0x7f
        return signal == 0 ? status >> 8 & 0xff : 128 + signal
    }

    private func readAll() throws(Errno) -> String {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe read(output.rawValue, &buffer, buffer.count)
            if count < 0, Errno.current == .interrupted { continue }
            guard try posix(count) > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }
}
