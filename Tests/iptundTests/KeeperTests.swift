// SPDX-License-Identifier: Apache-2.0

import CLinux
import Configuration
import Glibc
import Linux
import Testing
import Wire
@testable import iptund

/// All that a daemon can make its keeper do, and what becomes of the host when it goes. Each in a process of its own, whose
/// network is its own, too.
@Suite(.needsRoot, .needsNoSanitizer) struct KeeperTests {
    /// A host with a router, and a keeper of a tunnel to a bare peer that is known by name, with a barrier.
    private struct Scene: ~Copyable {
        let keeper: Keeper
        let line: KeeperLine

        static func open(_ base: String) throws -> Scene {
            #expect(clinux_unshare_network() >= 0)
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 dev left; ip route add default via 10.0.0.9")
            try shell("ip tuntap add iptun0 mode tun; ip link set lo up")
            let netlink = try Netlink()
            let device = try HostChange.Device.named("iptun0", netlink)
            var settings = TunnelSettings(peers: [.sample("b.example")])
            (settings.addresses, settings.mtu) = ([inner("10.9.0.1/32")], 1480)
            let facts = try DeviceFacts.look(device, isNew: true, netlink)
            let planning = Planning(settings: settings, device: try #require(facts), ways: [:], shared: [])
            let outcome = try planning.make(underlay: netlink, netlink)
            var directory = RuntimeDirectory(name: "a", namespace: try .current(), override: "\(base)/a")
            try directory.create()
            let barrier = Step(change: Scene.barrier)
            let state = TunnelState.sample(
                [barrier] + outcome.reconciliation.result, device: device, namespace: try NetworkNamespace.identity())
            try state.write(to: directory.state)
            for step in state.steps { try step.change.kind.make(netlink) }
            let control = try ControlServer(directory.keeperSocket)
            let number = control.fileDescriptor
            let duty = KeeperDuty(
                settings: settings, roster: Roster(settings.peers, local: nil), mark: .standard, resolver: 65_534,
                reconciler: Reconciler(directory, state, isInFile: true),
                wanted: outcome.wanted, needless: [], isDeviceNew: true, netlink: try Netlink(),
                underlay: try Netlink(), changes: try NetworkChanges(), changesAtUnderlay: try NetworkChanges(),
                filterChanges: try FilterChanges(), control: control, controlNumber: number, echo: .silent)
            let keeper = try Keeper.start(duty, lock: LockFile(directory.lock, timeoutMilliseconds: 0))
            let line = try keeper.line()
            return Scene(keeper: keeper, line: line)
        }

        static let barrier = HostChange.route(
            .unreachable(block("10.7.0.0/16"), protocolNumber: 203, metric: WantedState.barrierMetric), on: .none)

        /// Ends the keeper, as a daemon that ends in this way.
        consuming func end(_ farewell: Fork.Farewell) {
            let keeper = keeper
            _ = consume line
            keeper.finish(farewell)
        }

        /// What `ip` lists of everything that a keeper may touch, but for barriers.
        static func state() throws -> [Substring] {
            let text = try shell(
                "ip -o link | grep -o ' iptun0.*mtu [0-9]*'; ip -o -4 address; ip -4 route show table all; ip rule; ip neigh show proxy; grep . /proc/sys/net/ipv4/conf/*/*"
            )
            return text.split(separator: "\n").filter { !$0.hasPrefix("unreachable ") }
        }

        static func hasBarrier() throws -> Bool { try shell("ip route").contains("unreachable 10.7.0.0/16") }

        static func hasAddress() throws -> Bool { try shell("ip -4 address show dev iptun0").contains("10.9.0.1/32") }

        static func pins() throws -> [String] {
            try shell("ip route show proto 203").split(separator: "\n").map(String.init).filter { $0.contains(" via ") }
        }

        /// Waits for what has to be so soon.
        static func expect(_ what: String, _ condition: () throws -> Bool) throws {
            for _ in 1...500 {
                if try condition() { return }
                usleep(10_000)
            }
            Issue.record("\(what) did not come about")
        }
    }

    /// The barrier stands for what only an end on purpose lifts: it is on the list, and no configuration asks for it.
    private static func play(_ body: (borrowing Scene) throws -> Void, end farewell: Fork.Farewell) throws {
        try withTemporaryDirectory { base in
            let scene = try Scene.open(base)
            try body(scene)
            scene.end(farewell)
        }
    }

    @Test func `begin: nothing is mended before, and everything from then on`() async {
        await #expect(processExitsWith: .success) {
            try KeeperTests.play(
                { scene in
                    try shell("ip address delete 10.9.0.1/32 dev iptun0")
                    usleep(300_000)
                    #expect(try !Scene.hasAddress())
                    scene.keeper.begin()
                    try Scene.expect("the address") { try Scene.hasAddress() }
                }, end: .said)
        }
    }

    @Test func `begin: a second time it is nonsense`() async {
        await #expect(processExitsWith: .success) {
            try KeeperTests.play(
                { scene in
                    scene.keeper.begin()
                    scene.keeper.begin()
                    scene.line.tell(IPv4Address(192, 0, 2, 1), slot: 0)
                    try shell("ip address delete 10.9.0.1/32 dev iptun0")
                    try Scene.expect("the address") { try Scene.hasAddress() }
                    #expect(try Scene.pins() == [])
                }, end: .said)
        }
    }

    @Test func `address: the pin of a peer moves, and nothing else does`() async {
        await #expect(processExitsWith: .success) {
            try KeeperTests.play(
                { scene in
                    scene.keeper.begin()
                    try Scene.expect("nothing to be lifted") { try !Scene.hasBarrier() }
                    let before = Set(try Scene.state())
                    for last in [1, 2, 7] as [UInt8] {
                        scene.line.tell(IPv4Address(192, 0, 2, last), slot: 0)
                        try Scene.expect("the pin") {
                            try Scene.pins().map { $0.split(separator: " ")[0] } == ["192.0.2.\(last)"]
                        }
                        let changed = try Scene.state().filter { !before.contains($0) }
                        #expect(
                            changed.count == 1 && changed[0].hasPrefix("192.0.2.\(last) via 10.0.0.9 dev left"),
                            "\(changed)")
                    }
                }, end: .said)
        }
    }

    @Test(
        arguments: [
            [9], Array(repeating: 0, count: 9), Array(repeating: 255, count: 9), Array(repeating: 1, count: 400),
        ] as [[UInt8]])
    func `nonsense: the daemon is not listened to any more, and the keeper goes on`(octets: [UInt8]) async {
        await #expect(processExitsWith: .success) { [octets] in
            try KeeperTests.play(
                { scene in
                    scene.keeper.begin()
                    _ = try scene.line.socket.send(octets[...])
                    scene.line.tell(IPv4Address(192, 0, 2, 1), slot: 0)
                    try shell("ip address delete 10.9.0.1/32 dev iptun0")
                    try Scene.expect("the address") { try Scene.hasAddress() }
                    #expect(try Scene.pins() == [])
                }, end: .said)
            // What says that it ends on purpose is not believed either, and all is taken back all the same.
            #expect(try !Scene.hasAddress())
        }
    }

    @Test(arguments: [true, false]) func `end: only an end on purpose lifts a barrier`(isOnPurpose: Bool) async {
        await #expect(processExitsWith: .success) { [isOnPurpose] in
            try KeeperTests.play({ _ in }, end: isOnPurpose ? .said : .missing)
            #expect(try Scene.hasBarrier() == !isOnPurpose)
            #expect(try !Scene.hasAddress())
        }
    }

    @Test func `it hears of nothing that is not one of its three messages`() async {
        await #expect(processExitsWith: .success) {
            try KeeperTests.play(
                { scene in
                    scene.keeper.begin()
                    try Scene.expect("nothing to be lifted") { try !Scene.hasBarrier() }
                    let before = try Scene.state()
                    var random = SplitMix64()
                    for _ in 1...200 {
                        let octets = (0..<Int.random(in: 1...64, using: &random)).map { _ in
                            UInt8.random(in: 4...255, using: &random)
                        }
                        _ = try scene.line.socket.send(octets[...])
                    }
                    usleep(300_000)
                    #expect(try Scene.state() == before, "\(random.note)")
                }, end: .said)
        }
    }
}
