// SPDX-License-Identifier: Apache-2.0

internal import Comparison
internal import Glibc

/// Somebody wants us to stop: Ctrl-C, or SIGTERM.
struct Interrupted: Error {
    let signal: Int32
}

/// Signals as something that we wait for, never as something that cuts us off: what was set up is taken down first.
enum Interrupts {
    private static let stopping = [SIGHUP, SIGINT, SIGTERM]

    /// From here on signals wait until we look. A reader of our output that went away does not end us either.
    static func hold() {
        var set = set(of: stopping + [SIGCHLD])
        unsafe sigprocmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits until a child ended or `milliseconds` have passed, whichever is first.
    ///
    /// The corresponding C function is `sigtimedwait`.
    /// - Throws: when somebody wants us to stop.
    static func pause(milliseconds: Int) throws(Interrupted) {
        let signal = wait(for: stopping + [SIGCHLD], milliseconds: milliseconds)
        guard stopping.contains(signal) else { return }
        // It waits again: who overlooks it here hears it the next time.
        raise(signal)
        throw Interrupted(signal: signal)
    }

    /// The same, for taking down: who wants us to stop is heard afterwards, by the next ``pause(milliseconds:)``.
    static func rest(milliseconds: Int) { _ = wait(for: [SIGCHLD], milliseconds: milliseconds) }

    private static func wait(for signals: [Int32], milliseconds: Int) -> Int32 {
        var set = set(of: signals)
        var limit = timespec(tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000)
        return unsafe sigtimedwait(&set, nil, &limit)
    }

    private static func set(of signals: [Int32]) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        return set
    }
}

/// Waiting for something to become true.
enum Waiting {
    /// Seconds since whenever; never set back.
    static var clock: Double {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
    }

    /// Asks again and again, soon after a child ended, and otherwise every 20 ms.
    /// - Returns: whether it became true in time.
    static func until(seconds: Double, _ condition: () throws -> Bool) throws -> Bool {
        let deadline = clock + seconds
        while true {
            if try condition() { return true }
            if clock > deadline { return false }
            try Interrupts.pause(milliseconds: 20)
        }
    }

    /// The same, for taking down: an impatient second Ctrl-C changes nothing.
    static func patiently(seconds: Double, _ condition: () -> Bool) -> Bool {
        let deadline = clock + seconds
        while !condition() {
            if clock > deadline { return false }
            Interrupts.rest(milliseconds: 20)
        }
        return true
    }
}
