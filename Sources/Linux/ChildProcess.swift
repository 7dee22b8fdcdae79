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

    /// Where the child's standard output and error go.
    package enum Output: Sendable {
        /// To where ours go.
        case inherited
        /// To a file, from its start.
        case file(String)
        /// Nowhere.
        case discarded
        /// Into these descriptors of ours, which may be the same and stay open.
        case descriptors(output: Int32, errors: Int32)
    }

    /// How a program ended.
    package struct Ending: Equatable, Sendable {
        /// What it returned, or 128 plus the signal that ended it.
        package let status: Int32
        /// What it printed.
        package let text: String
    }

    /// Starts `arguments[0]`, looked up in PATH.
    package static func start(_ arguments: [String], output: Output = .inherited) throws(Errno) -> ChildProcess {
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
        case .file(let path):
            let flags = O_WRONLY | O_CREAT | O_TRUNC
            unsafe posix_spawn_file_actions_addopen(&actions, 1, path, flags, 0o600)
            unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        case .discarded:
            unsafe posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
            unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        case .descriptors(let output, let errors):
            unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
            unsafe posix_spawn_file_actions_adddup2(&actions, errors, 2)
        }
        var id: pid_t = 0
        let words = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { for index in unsafe words.indices { unsafe free(words[index]) } }
        let status = unsafe posix_spawnp(&id, arguments[0], &actions, &attributes, words, environ)
        guard status == 0 else { throw Errno(rawValue: status) }
        return ChildProcess(id: id)
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
}
