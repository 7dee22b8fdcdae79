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
    private let peerCount: Int
    private let signals: Worker.Signals

    /// Packets that one round can hold.
    static let batchCapacity = 64

    /// Starts a worker for each of `ports`. The device disappears when they have ended.
    static func start(
        _ rules: RuleSet, _ policy: TunnelPolicy, mtu: Int, underlayMTU: [Int?], with ports: [Worker.Ports]
    ) throws(Errno) -> Datapath {
        let peerCount = rules.table.slots.count
        let path = Datapath(
            workers: ports.map { Worker($0, peerCount: peerCount) }, paths: Paths(peerCount: peerCount),
            peerCount: peerCount,
            signals: Worker.Signals(stop: try Wakeup(), ended: try Wakeup(), attention: try Wakeup()))
        path.setUnderlayMTU(underlayMTU)
        let paths = path.paths.view
        let duties = Worker.Duties(
            encapsulation: policy.encapsulation(rules, mtu: mtu, paths: paths),
            decapsulation: policy.decapsulation(rules, mtu: mtu, paths: paths),
            relay: policy.relay(rules, paths: paths))
        do throws(Errno) {
            for (index, worker) in path.workers.enumerated() {
                try worker.start(duties, signals: path.signals, suffix: ports.count == 1 ? "" : "-\(index)")
            }
        } catch {
            try? path.finish()
            throw error
        }
        return path
    }

    /// Readable when a half has ended, asked or not.
    var ended: Poll.Interest { .signal(of: signals.ended) }
    /// Readable when something happened that people should read about, until it is cleared.
    var attention: Poll.Interest { .signal(of: signals.attention) }

    /// Forgets that something happened.
    func clearAttention() { signals.attention.clear() }

    /// What all workers have counted so far.
    func snapshots() -> (encapsulated: Counters.Snapshot, decapsulated: Counters.Snapshot) {
        let each = workers.map { $0.snapshots() }
        return (
            Counters.Snapshot(adding: each.map(\.encapsulated)), Counters.Snapshot(adding: each.map(\.decapsulated))
        )
    }

    /// Packets that arrived and that the kernel had no room to keep for us.
    var socketOverflows: UInt64 { workers.reduce(0) { $0 + $1.socketOverflows } }

    /// Lets all threads go on by new rules, from their next batch on. The peers must be the same.
    func replace(_ rules: RuleSet) {
        for worker in workers { worker.replace(rules) }
    }

    /// The longest outer packet that the first link takes on the way to each peer, octets; `nil` leaves what was known.
    func setUnderlayMTU(_ octets: [Int?]) {
        for (index, octets) in octets.enumerated() {
            if let octets { paths.view.setUnderlayMTU(octets, to: PeerIndex(rawValue: UInt32(index))) }
        }
    }

    /// The longest outer packet that reaches each peer, as far as is known, octets. `now` in milliseconds.
    func pathMTU(at now: UInt64) -> [Int] {
        (0..<peerCount).map { paths.view.mtu(to: PeerIndex(rawValue: UInt32($0)), at: now) }
    }

    /// Stops all threads and waits for them.
    /// - Throws: what made a half end by itself.
    consuming func finish() throws(Errno) {
        signals.stop.signal()
        var failure: Errno?
        for worker in workers {
            do throws(Errno) { try worker.finish() } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
    }
}
