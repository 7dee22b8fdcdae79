// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

@Suite struct LeftOversTests {
    static let rule = RoutingRule(priority: 30_000, table: 99, protocolNumber: 203)
    static let barrier = Route.unreachable(block("10.7.0.0/16"), protocolNumber: 203, metric: 2_000_000_000)

    @Test func `a state of another boot or another namespace speaks of what is gone`() {
        #expect(LeftOvers.kind(of: .sample(namespace: 5), in: 5) == .real)
        #expect(LeftOvers.kind(of: .sample(namespace: 5), in: 6) == .gone)
        #expect(LeftOvers.kind(of: .sample(namespace: 5, boot: "other"), in: 5) == .gone)
    }

    /// What is left of a rule and a barrier, on the host and on the list, after a tunnel of the same name has cleared.
    private func clear(
        keepingKillSwitch: Bool, boot: String = TunnelState.currentBoot, inOtherNamespace: Bool = false
    ) throws -> (isRuleThere: Bool, isBarrierThere: Bool, steps: [Step]?) {
        try withTemporaryDirectory { base in
            try inFreshNetwork {
                let netlink = try Netlink()
                try netlink.add(Self.rule)
                try netlink.add(Self.barrier)
                let namespace = try NetworkNamespace.current()
                var directory = RuntimeDirectory(name: "a", namespace: namespace, override: base + "/a")
                try directory.create()
                let steps = [
                    Step(change: .route(Self.barrier, on: .tunnel)), Step(change: .rule(Self.rule)),
                ]
                let state = TunnelState.sample(
                    steps, namespace: (try NetworkNamespace.identity()) + (inOtherNamespace ? 1 : 0), boot: boot)
                try state.write(to: directory.state)
                try LeftOvers.clear(
                    directory, try DevicePlace.find(nil), keepingKillSwitch: keepingKillSwitch, .silent)
                let left = try TunnelState.read(directory.state)?.steps
                return (
                    try netlink.rules().contains { $0.rule == Self.rule },
                    try netlink.routes(in: Route.mainTable).contains(Self.barrier), left
                )
            }
        }
    }

    @Test(.needsRoot) func `what a dead tunnel left is taken back`() throws {
        let (isRuleThere, isBarrierThere, steps) = try clear(keepingKillSwitch: false)
        #expect((isRuleThere, isBarrierThere, steps) == (false, false, nil))
    }

    @Test(.needsRoot) func `a kill switch stays for the next tunnel that has one, which has it on its list`() throws {
        let (isRuleThere, isBarrierThere, steps) = try clear(keepingKillSwitch: true)
        #expect((isRuleThere, isBarrierThere) == (false, true))
        #expect(steps == [Step(change: .route(Self.barrier, on: .tunnel))])
    }

    @Test(.needsRoot) func `what the state does not speak of stays as it is, and the state goes`() throws {
        let other = try clear(keepingKillSwitch: false, boot: "other")
        #expect((other.isRuleThere, other.isBarrierThere, other.steps) == (true, true, nil))
        let elsewhere = try clear(keepingKillSwitch: false, inOtherNamespace: true)
        #expect((elsewhere.isRuleThere, elsewhere.isBarrierThere, elsewhere.steps) == (true, true, nil))
    }

    @Test func `where the changes are is known as long as the machine and the namespace are there`() throws {
        let here = try NetworkNamespace.identity()
        #expect(try !Self.isGone(.sample(namespace: here)))
        var named = TunnelState.sample(namespace: here)
        named.namespaceName = "iptund-absent"
        #expect(try Self.isGone(.sample(namespace: here + 1)))
        #expect(try Self.isGone(.sample(namespace: here, boot: "other")))
        #expect(try Self.isGone(named))
    }

    private static func isGone(_ state: TunnelState) throws -> Bool {
        guard let place = try LeftOvers.place(of: state) else { return true }
        return place.identity == 0
    }
}
