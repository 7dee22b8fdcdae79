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
