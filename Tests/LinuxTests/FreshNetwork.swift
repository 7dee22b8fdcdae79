// SPDX-License-Identifier: Apache-2.0

import CLinux
import Glibc
import Linux
import Synchronization
import Testing

extension Trait where Self == ConditionTrait {
    /// For tests that make network namespaces.
    static var needsRoot: Self { .enabled(if: geteuid() == 0, "needs root to make a network namespace") }
}

/// Runs `body` on a thread of its own in an empty network namespace, which vanishes with the thread.
///
/// Expectations belong outside: the thread is not the test's task. `body` returns what it saw.
func inFreshNetwork<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
    let outcome = Box<Result<Value, any Error>>()
    let work = Work {
        let result = Result {
            try checked(clinux_unshare_network())
            try shell("ip link set lo up")
            return try body()
        }
        outcome.value.withLock { $0 = result }
    }
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread, nil,
        { context in
            // SAFETY: the creator retained the work for this thread, which takes it over once.
            if let context = unsafe context { unsafe Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run() }
            return nil
        }, Unmanaged.passRetained(work).toOpaque())
    try checked(-status)
    try checked(-pthread_join(thread, nil))
    return try #require(outcome.value.withLock { $0 }).get()
}

/// Runs a script in the network namespace of the calling thread and returns what it printed.
@discardableResult
func shell(_ script: String) throws -> String {
    guard let pipe = unsafe popen("set -e; " + script, "re") else { throw Errno.current }
    var octets: [UInt8] = []
    while case let octet = unsafe fgetc(pipe), octet != EOF { octets.append(UInt8(octet)) }
    let status = unsafe pclose(pipe)
    guard status == 0 else { throw ScriptFailure(script: script, status: status) }
    return String(decoding: octets, as: UTF8.self)
}

/// What an action threw, as a value to compare with.
func thrown(by action: () throws(Errno) -> Void) -> Errno? {
    do { try action() } catch { return error }
    return nil
}

private struct ScriptFailure: Error {
    let script: String
    let status: Int32
}

private final class Work: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

private final class Box<Value: Sendable>: Sendable {
    let value = Mutex<Value?>(nil)
}
