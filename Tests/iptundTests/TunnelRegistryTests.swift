// SPDX-License-Identifier: Apache-2.0

import Configuration
@testable import Linux
import Testing
import Tunnel
import Wire
@testable import iptund

extension TunnelRegistry {
    /// A host with these other tunnels, all up.
    static func sample(_ others: Other...) -> TunnelRegistry { TunnelRegistry(others: others) }
}

extension TunnelRegistry.Other {
    /// A tunnel `b` of these settings.
    static func sample(
        _ settings: TunnelSettings, isUp: Bool = true, isNextToUs: Bool = true, isAtOurUnderlay: Bool = true,
        _ adjust: (inout TunnelState) -> Void = { _ in }
    ) -> TunnelRegistry.Other {
        var state = TunnelState.sample()
        state.name = "b"
        adjust(&state)
        return TunnelRegistry.Other(
            state: state, settings: settings, isUp: isUp, isNextToUs: isNextToUs, isAtOurUnderlay: isAtOurUnderlay)
    }
}

@Suite struct TunnelRegistryTests {
    static let namespace = NetworkNamespace(inode: 5, isFirst: false)
    static let forwarding = Step(change: .setting(.forwarding, 1, on: .lan), before: 0)
    static let redirects = Step(change: .noCommonRedirects, before: 1)

    /// Makes the directory of a tunnel below `base`, and writes its state.
    @discardableResult
    private static func tunnel(
        _ name: String, below base: String, _ steps: [Step], namespace: UInt64 = 5,
        boot: String = TunnelState.currentBoot, _ adjust: (inout TunnelState) -> Void = { _ in }
    ) throws -> RuntimeDirectory {
        var directory = RuntimeDirectory(name: name, namespace: Self.namespace, override: "\(base)/\(name)")
        try directory.create()
        var state = TunnelState.sample(steps, namespace: namespace, boot: boot)
        adjust(&state)
        try state.write(to: directory.state)
        return directory
    }

    private static func read(_ directory: RuntimeDirectory) throws -> TunnelRegistry {
        TunnelRegistry.read(
            besides: TunnelRegistry.Place(directory: directory, namespace: 5, home: 5), try Netlink())
    }

    @Test func `what others have of what several may want is shared, and nothing else`() throws {
        try withTemporaryDirectory { base in
            let own = Step(change: .setting(.sendRedirects, 0, on: .lan), before: 1)
            let directory = try Self.tunnel("a", below: base, [own])
            let ofDevice = Step(change: .setting(.forwarding, 1, on: .tunnel), before: 0)
            try Self.tunnel("b", below: base, [Self.forwarding, ofDevice, Step(change: .up(.tunnel))])
            try Self.tunnel("c", below: base, [Self.redirects])
            let registry = try Self.read(directory)
            #expect(registry.shared == [Self.forwarding, Self.redirects])
            #expect(registry.changes.count == 4)
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
            #expect(try Self.read(directory).shared == [])
        }
    }

    @Test func `a tunnel whose device is elsewhere counts where its packets arrive, and its host does not`() throws {
        try withTemporaryDirectory { base in
            let directory = try Self.tunnel("a", below: base, [])
            try Self.tunnel("b", below: base, [Self.forwarding], namespace: 6) {
                ($0.home, $0.namespaceName) = (5, "n")
            }
            let registry = try Self.read(directory)
            #expect(registry.others.map(\.isNextToUs) == [false])
            #expect(registry.others.map(\.isAtOurUnderlay) == [true])
            #expect(registry.shared == [])
            #expect(registry.owner(of: "iptun0") == nil)
        }
    }

    @Test func `the owner of a device and the places of tables are known`() {
        let registry = TunnelRegistry.sample(.sample(TunnelSettings()) { $0.routing = PolicyRouting(place: 3) })
        #expect(registry.owner(of: "iptun0") == "b")
        #expect(registry.owner(of: "other") == nil)
        #expect(registry.places == [PolicyRouting(place: 3)])
    }
}
