// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Work that a thread of its own does, with everything that it needs.
package protocol ThreadWork: ~Copyable, Sendable {
    /// Runs until it is done or told to stop. What it owns is released on the thread that used it.
    consuming func run() throws(Errno)
}

/// A plain POSIX thread that owns its work: no run loop, no pool. The corresponding C function is `pthread_create`.
package struct Thread: ~Copyable, Sendable {
    private let handle: pthread_t
    private let outcome: Outcome

    /// Starts `work`. `name` is what `top -H` shows, 15 octets at most. Signals stay blocked if the caller blocked them.
    package static func start<Work: ThreadWork & ~Copyable>(
        _ name: String, _ work: consuming Work
    ) throws(Errno) -> Thread {
        let task = Task(name, work)
        let outcome = task.outcome
        var handle = pthread_t()
        let context = unsafe Unmanaged.passRetained(task as AnyTask).toOpaque()
        let status = unsafe pthread_create(&handle, nil, enterThread, context)
        guard status == 0 else {
            // SAFETY: no thread came to life that would release it.
            unsafe Unmanaged<AnyTask>.fromOpaque(context).release()
            throw Errno(rawValue: status)
        }
        return Thread(handle: handle, outcome: outcome)
    }

    /// Lets whatever runs finish its turn when the calling thread wakes up, instead of interrupting it (SCHED_BATCH).
    ///
    /// A thread that interrupts for every packet gets one to three of them a call, and pays a change of threads each time.
    /// One that waits for its turn finds what has come meanwhile. Where a processor is idle there is nothing to wait for.
    /// What an administrator has chosen instead stays. The corresponding C function is `sched_setscheduler`; no capability is needed, and where it is forbidden
    /// nevertheless, everything works as it did.
    package static func waitForTurns() { _ = clinux_schedule_batch() }

    /// Waits for the end of the thread. The corresponding C function is `pthread_join`.
    /// - Throws: what its work threw.
    package consuming func join() throws(Errno) {
        _ = pthread_join(handle, nil)
        if let error = outcome.error { throw error }
    }
}

/// Where the thread begins.
private func enterThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    // SAFETY: retained by `start` for exactly this call.
    unsafe Unmanaged<AnyTask>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

/// How the work ended: written before the thread ends, read after it was joined.
private final class Outcome: @unchecked Sendable {
    var error: Errno?
}

/// Carries work of any type through a C pointer.
private class AnyTask {
    let outcome = Outcome()
    func run() {}
}

private final class Task<Work: ThreadWork & ~Copyable>: AnyTask {
    private var work: Work?

    private let name: String

    init(_ name: String, _ work: consuming Work) {
        self.name = name
        self.work = consume work
    }

    override func run() {
        // Each names itself: another thread's name is a file of /proc, which may be out of reach by now.
        _ = unsafe clinux_name_thread(pthread_self(), name)
        do throws(Errno) {
            try work.take()?.run()
        } catch {
            outcome.error = error
        }
    }
}
