// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

/// From what tunnels wrote down.
extension ReconcilerTests {
    /// The directory of a tunnel below `base`, with what it wrote.
    static func directory(
        _ name: String, below base: String, _ steps: [Step], device: HostChange.Device = .tunnel
    ) throws -> RuntimeDirectory {
        let namespace = try NetworkNamespace.current()
        var directory = RuntimeDirectory(name: name, namespace: namespace, override: "\(base)/\(name)")
        try directory.create()
        try Files.write([], to: directory.lock)
        try Files.write([], to: directory.controlSocket)
        try TunnelState.sample(steps, device: device, namespace: try NetworkNamespace.identity()).write(
            to: directory.state)
        return directory
    }

    @Test func `of two tunnels that want the same of a device the last one goes back to what was before both`() throws {
        try withTemporaryDirectory { base in
            let (values, files) = try inFreshNetwork { () -> ([UInt32?], [Bool]) in
                try shell("ip link add left type veth peer name right")
                let netlink = try Netlink()
                let left = try HostChange.Device.named("left", netlink)
                try netlink.set(.forwarding, to: 0, link: left.index)
                let step = Step(change: .setting(.forwarding, 1, on: left), before: 0)
                try step.change.kind.make(netlink)
                let first = try Self.directory("a", below: base, [step])
                let second = try Self.directory("b", below: base, [step])
                var values: [UInt32?] = []
                for directory in [first, second] {
                    _ = try Self.end(directory, .everything, netlink)
                    values.append(try netlink.settings(link: left.index)[.forwarding])
                }
                return (values, [first, second].map { Files.exists($0.path) })
            }
            #expect(values == [1, 0])
            #expect(files == [false, false])
        }
    }

    @Test func `what stays is still on the list, and the directory stays with it`() throws {
        try withTemporaryDirectory { base in
            let lines = Lines()
            let barrier = HostChange.route(
                .unreachable(block("10.7.0.0/16"), protocolNumber: 203, metric: WantedState.barrierMetric), on: .tunnel)
            let (steps, entries, gone) = try inFreshNetwork { () -> ([Step]?, [String], Bool) in
                let netlink = try Netlink()
                let rule = HostChange.rule(RoutingRule(priority: 30_000, table: 99, protocolNumber: 203))
                for change in [barrier, rule] { try change.kind.make(netlink) }
                let directory = try Self.directory("a", below: base, [Step(change: barrier), Step(change: rule)])
                lines.echo().commands(try Self.end(directory, .allButKillSwitch, netlink).commands)
                let steps = try TunnelState.read(directory.state)?.steps
                let entries = try Files.entries(directory.path)
                lines.echo().commands(try Self.end(directory, .everything, netlink).commands)
                return (steps, entries, !Files.exists(directory.path))
            }
            #expect(steps == [Step(change: barrier)])
            #expect(entries == ["state.json"])
            #expect(gone)
            #expect(
                lines.all == [
                    "[#] ip rule delete priority 30000 lookup 99 protocol 203",
                    "[#] ip route delete unreachable 10.7.0.0/16 proto 203 metric 1",
                ])
        }
    }

    /// What a start makes of a rule and a barrier that one left that was killed together with its keeper, half made; or what
    /// the end makes of it.
    @Test(arguments: [true, false]) func `who comes next goes on from the list`(hasBarrier: Bool) throws {
        try withTemporaryDirectory { base in
            let barrier = HostChange.route(
                .unreachable(block("10.7.0.0/16"), protocolNumber: 203, metric: WantedState.barrierMetric), on: .none)
            let rule = HostChange.rule(RoutingRule(priority: 30_000, table: 99, protocolNumber: 203))
            let (steps, isThere) = try inFreshNetwork { () -> ([Step]?, [Bool]) in
                let netlink = try Netlink()
                try rule.kind.make(netlink)
                let directory = try Self.directory("a", below: base, [Step(change: barrier), Step(change: rule)])
                let state = try #require(try TunnelState.read(directory.state))
                let facts = try HostFacts.gather(about: [barrier, rule], nil, shared: [], netlink)
                let plan = Reconciliation(to: hasBarrier ? [barrier] : [], from: state.steps, facts)
                var reconciler = Reconciler(directory, state, isInFile: true)
                try reconciler.note(plan.everything)
                for addition in plan.additions { try Reconciler.make(addition, netlink) }
                _ = try reconciler.conclude(plan, netlink)
                let after = try HostFacts.gather(about: [barrier, rule], nil, shared: [], netlink)
                let isThere = [barrier, rule].map { if case .there = $0.kind.standing(after) { true } else { false } }
                return (try TunnelState.read(directory.state)?.steps, isThere)
            }
            #expect(steps == (hasBarrier ? [Step(change: barrier)] : []))
            #expect(isThere == [hasBarrier, false])
        }
    }

    private static func end(
        _ directory: RuntimeDirectory, _ extent: Reconciler.Extent, _ netlink: borrowing Netlink
    ) throws -> Reconciler.Outcome {
        var reconciler = Reconciler(directory, try #require(try TunnelState.read(directory.state)), isInFile: true)
        return reconciler.end(extent, netlink)
    }
}
