// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

/// From what tunnels wrote down.
extension RestorationTests {
    /// The directory of a tunnel below `base`, with what it wrote.
    private static func directory(
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
                try step.change.make(netlink)
                let first = try Self.directory("a", below: base, [step])
                let second = try Self.directory("b", below: base, [step])
                var values: [UInt32?] = []
                for directory in [first, second] {
                    try Restoration.perform(in: directory, .everything, netlink, echo: .silent)
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
                .unreachable(block("10.7.0.0/16"), protocolNumber: 203, metric: 2_000_000_000), on: .tunnel)
            let (steps, entries, gone) = try inFreshNetwork { () -> ([Step]?, [String], Bool) in
                let netlink = try Netlink()
                let rule = HostChange.rule(RoutingRule(priority: 30_000, table: 99, protocolNumber: 203))
                for change in [barrier, rule] { try change.make(netlink) }
                let directory = try Self.directory("a", below: base, [Step(change: barrier), Step(change: rule)])
                try Restoration.perform(in: directory, .allButKillSwitch, netlink, echo: lines.echo())
                let steps = try TunnelState.read(directory.state)?.steps
                let entries = try Files.entries(directory.path)
                try Restoration.perform(in: directory, .everything, netlink, echo: lines.echo())
                return (steps, entries, !Files.exists(directory.path))
            }
            #expect(steps == [Step(change: barrier)])
            #expect(entries == ["state.json"])
            #expect(gone)
            #expect(
                lines.all == [
                    "[#] ip rule delete priority 30000 lookup 99 protocol 203",
                    "[#] ip route delete unreachable 10.7.0.0/16 proto 203 metric 2000000000",
                ])
        }
    }

    @Test func `where nothing was written there is nothing to take back, and the directory goes`() throws {
        try withTemporaryDirectory { base in
            let isThere = try inFreshNetwork {
                let directory = try Self.directory("a", below: base, [])
                Files.remove(directory.state)
                try Restoration.perform(in: directory, .everything, try Netlink(), echo: .silent)
                return Files.exists(directory.path)
            }
            #expect(!isThere)
        }
    }

    @Test func `a list that cannot be read is complained about, and stays`() throws {
        try withTemporaryDirectory { base in
            let (complaint, isThere) = try inFreshNetwork { () -> (Complaint?, Bool) in
                let directory = try Self.directory("a", below: base, [])
                try Files.write(Array("{}".utf8), to: directory.state)
                do throws(Complaint) {
                    try Restoration.perform(in: directory, .everything, try Daemon.openNetlink(), echo: .silent)
                } catch {
                    return (error, Files.exists(directory.state))
                }
                return (nil, false)
            }
            #expect(complaint?.why == "it is no state of this version")
            #expect(isThere)
        }
    }
}
