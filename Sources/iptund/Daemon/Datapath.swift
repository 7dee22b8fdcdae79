// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Tunnel
internal import Wire

/// The two halves of a tunnel at work, each on a thread of its own, once per worker.
///
/// ```
/// encapsulate:  TUN device ─ fill ─▶ Encapsulation ─ drain ─▶ raw socket     (Encapsulator)
///                   ▲ too long, unreachable: ICMP
/// decapsulate:  raw socket ─ fill ─▶ Decapsulation ─ drain ─▶ TUN device     (Decapsulator)
///               error queue ───────▶ ICMPRelay ─────────────────▲
/// ```
struct Datapath: ~Copyable {
    private let workers: [Worker]
    private let paths: Paths
    /// How many places there can be for peers.
    private let capacity: Int
    private let signals: Worker.Signals

    /// Packets that one round can hold.
    static let batchCapacity = 64

    /// Prepares a worker for each of `ports`, with room for peers at `capacity` places. Nothing moves before ``start(_:)``.
    init(with ports: [Worker.Ports], capacity: Int) throws(Errno) {
        let workers = try Datapath.workers(with: ports, capacity)
        let signals = Worker.Signals(ended: try Wakeup(), attention: try Wakeup())
        self.workers = workers
        self.signals = signals
        paths = Paths(peerCount: capacity)
        self.capacity = capacity
    }

    private static func workers(with ports: [Worker.Ports], _ capacity: Int) throws(Errno) -> [Worker] {
        var workers: [Worker] = []
        for port in ports { workers.append(try Worker(port, peerCount: capacity)) }
        return workers
    }

    /// What all threads go by.
    struct Orders {
        let rules: RuleSet
        let policy: TunnelPolicy
        /// Of the device, octets.
        let mtu: Int

        fileprivate func duties(_ paths: Paths.View) -> Worker.Duties {
            Worker.Duties(
                encapsulation: policy.encapsulation(rules, mtu: mtu, paths: paths),
                decapsulation: policy.decapsulation(rules, mtu: mtu, paths: paths),
                relay: policy.relay(rules, paths: paths))
        }
    }

    /// Starts all threads, which confine themselves. The device disappears when they have ended.
    func start(by orders: Orders, _ confinement: Confinement?) throws(Errno) {
        let duties = orders.duties(paths.view)
        do throws(Errno) {
            for (index, worker) in workers.enumerated() {
                let suffix = workers.count == 1 ? "" : "-\(index)"
                try worker.start(duties, confinement, signals: signals, suffix: suffix)
            }
        } catch {
            try? stop()
            throw error
        }
    }

    /// Readable when a half has ended, asked or not.
    var ended: Poll.Interest { .signal(of: signals.ended) }
    /// Readable when something happened that people should read about, until it is cleared.
    var attention: Poll.Interest { .signal(of: signals.attention) }

    /// Wants a sign of life from all threads.
    func call() {
        for worker in workers { worker.call() }
    }

    /// Waits until all threads have answered. Returns false when one has ended instead.
    func waitForAnswers() throws(Errno) -> Bool {
        while !isAnswered {
            var interests = [ended]
            try Poll.wait(for: &interests, timeoutMilliseconds: 1)
            if interests[0].isReady { return false }
        }
        return true
    }

    /// Whether all threads have answered all calls: they go round, and none is stuck.
    var isAnswered: Bool { workers.allSatisfy(\.isAnswered) }

    /// Forgets that something happened.
    func clearAttention() { signals.attention.clear() }

    /// What all workers have counted so far.
    func snapshots(slots: Int) -> (encapsulated: Counters.Snapshot, decapsulated: Counters.Snapshot) {
        let each = workers.map { $0.snapshots(slots: min(slots, capacity)) }
        return (
            Counters.Snapshot(adding: each.map(\.encapsulated)), Counters.Snapshot(adding: each.map(\.decapsulated))
        )
    }

    /// When the last packet came from the peer at `place`, milliseconds of ``Clock``; 0 for never.
    func lastReceived(at place: Int) -> UInt64 { workers.reduce(0) { max($0, $1.lastReceived(at: place)) } }

    /// Packets that arrived and that the kernel had no room to keep for us.
    var socketOverflows: UInt64 { workers.reduce(0) { $0 + $1.socketOverflows } }

    /// Lets all threads go on by other orders, from their next batch on. Each peer must keep its place.
    func replace(_ orders: Orders) {
        let duties = orders.duties(paths.view)
        for worker in workers { worker.replace(duties) }
    }

    /// How many threads carry packets.
    var threadCount: Int { workers.count * 2 }

    /// Lets these see what passes, and nobody else. Each has a tap for every thread: of a worker's two, the one that
    /// encapsulates comes first.
    func show(to streams: [TapStream]) {
        for (index, worker) in workers.enumerated() {
            worker.show(
                encapsulated: streams.map { $0.taps[2 * index] }, decapsulated: streams.map { $0.taps[2 * index + 1] })
        }
    }

    /// Outer packets leave with this source; `nil` when there are several.
    func follow(_ local: IPv4Address?) {
        for worker in workers { worker.follow(local) }
    }

    /// The longest outer packet that the first link takes on the way to the peer at `place`, octets.
    func setUnderlayMTU(_ octets: Int, at place: Int) {
        paths.view.setUnderlayMTU(octets, to: PeerIndex(rawValue: UInt32(place)))
    }

    /// Nothing is known any more about the way to the peer at `place`, which is another one, or somewhere else.
    func forgetWay(at place: Int) { paths.view.forget(PeerIndex(rawValue: UInt32(place))) }

    /// The longest outer packet that reaches the peer at each of the first `slots` places, as far as is known, octets.
    /// `now` in milliseconds.
    func pathMTU(slots: Int, at now: UInt64) -> [Int] {
        (0..<min(slots, capacity)).map { paths.view.mtu(to: PeerIndex(rawValue: UInt32($0)), at: now) }
    }

    /// Stops all threads and waits for them.
    /// - Throws: what made a half end by itself.
    consuming func finish() throws(Errno) { try stop() }

    private func stop() throws(Errno) {
        for worker in workers { worker.stop() }
        var failure: Errno?
        for worker in workers {
            do throws(Errno) { try worker.finish() } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }
}
