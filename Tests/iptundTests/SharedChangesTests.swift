// SPDX-License-Identifier: Apache-2.0

@testable import Linux
import Testing
import Wire
@testable import iptund

@Suite struct SharedChangesTests {
    static let namespace = NetworkNamespace(inode: 5, isFirst: false)
    static let forwarding = Step(change: .setting(.forwarding, 1, on: .lan), before: 0)
    static let redirects = Step(change: .noCommonRedirects, before: 1)

    /// Makes the directory of a tunnel below `base`, and writes its state.
    @discardableResult
    private static func tunnel(
        _ name: String, below base: String, _ steps: [Step], namespace: UInt64 = 5,
        boot: String = TunnelState.currentBoot
    ) throws -> RuntimeDirectory {
        var directory = RuntimeDirectory(name: name, namespace: Self.namespace, override: "\(base)/\(name)")
        try directory.create()
        try TunnelState.sample(steps, namespace: namespace, boot: boot).write(to: directory.state)
        return directory
    }

    @Test func `what others have of what several may want is shared, and nothing else`() throws {
        try withTemporaryDirectory { base in
            let own = Step(change: .setting(.sendRedirects, 0, on: .lan), before: 1)
            let directory = try Self.tunnel("a", below: base, [own])
            let ofDevice = Step(change: .setting(.forwarding, 1, on: .tunnel), before: 0)
            try Self.tunnel("b", below: base, [Self.forwarding, ofDevice, Step(change: .up(.tunnel))])
            try Self.tunnel("c", below: base, [Self.redirects])
            #expect(SharedChanges.ofOthers(besides: directory, in: 5) == [Self.forwarding, Self.redirects])
        }
    }

    @Test func `a tunnel of another namespace or boot, or one that nobody can read, shares nothing`() throws {
        try withTemporaryDirectory { base in
            let directory = try Self.tunnel("a", below: base, [])
            try Self.tunnel("b", below: base, [Self.forwarding], namespace: 6)
            try Self.tunnel("c", below: base, [Self.forwarding], boot: "other")
            let broken = try Self.tunnel("d", below: base, [Self.forwarding])
            try Files.write([0], to: broken.state)
            try Files.write([], to: base + "/file")
            #expect(SharedChanges.ofOthers(besides: directory, in: 5) == [])
        }
    }
}

/// One at a time.
@Suite struct SetUpLockTests {
    private static func directory(_ name: String, below base: String) -> RuntimeDirectory {
        RuntimeDirectory(name: name, namespace: SharedChangesTests.namespace, override: "\(base)/\(name)")
    }

    @Test func `tunnels beside each other exclude each other until one lets go`() throws {
        try withTemporaryDirectory { base in
            let lock = SetUpLock.take(beside: Self.directory("a", below: base))
            let held = thrown { () throws(Errno) in _ = try DirectoryLock(base, timeoutMilliseconds: 0) }
            lock.release()
            let free = thrown { () throws(Errno) in _ = try DirectoryLock(base, timeoutMilliseconds: 0) }
            #expect(held == .wouldBlock)
            #expect(free == nil)
            let entries = try Files.entries(base)
            #expect(entries == [])
        }
    }

    @Test func `who waits too long goes on without`() throws {
        try withTemporaryDirectory { base in
            let first = SetUpLock.take(beside: Self.directory("a", below: base))
            let start = Clock.milliseconds
            let second = SetUpLock.take(beside: Self.directory("b", below: base))
            #expect(Clock.milliseconds - start >= 2_000)
            second.release()
            let held = thrown { () throws(Errno) in _ = try DirectoryLock(base, timeoutMilliseconds: 0) }
            #expect(held == .wouldBlock)
            first.release()
        }
    }

    @Test func `where there is no directory nobody is waited for`() {
        let start = Clock.milliseconds
        SetUpLock.take(beside: Self.directory("a", below: "/absent")).release()
        #expect(Clock.milliseconds - start < 2_000)
    }
}
