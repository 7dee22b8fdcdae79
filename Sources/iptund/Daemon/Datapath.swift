// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Tunnel
internal import Wire

/// The two halves of a tunnel at work, each on a thread of its own.
///
/// ```
/// encapsulate:  TUN device ─ fill ─▶ Encapsulation ─ drain ─▶ raw socket     (Encapsulator)
///                   ▲ too long, unreachable: ICMP
/// decapsulate:  raw socket ─ fill ─▶ Decapsulation ─ drain ─▶ TUN device     (Decapsulator)
///               error queue ───────▶ ICMPRelay ─────────────────▲
/// ```
struct Datapath: ~Copyable {
    let encapsulated: Counters
    let decapsulated: Counters
    private let paths: Paths
    private let peerCount: Int
    /// Signalled when a half ends, asked or not.
    let ended: Wakeup
    /// Signalled when something happened that people should read about.
    let attention: Wakeup
    private let stop: Wakeup
    private let news: News
    private let threads: Threads

    private struct Threads: ~Copyable {
        let encapsulate: Thread
        let decapsulate: Thread
    }

    /// Where each thread finds new rules.
    private struct News {
        let encapsulate = Handover<RuleSet>()
        let decapsulate = Handover<RuleSet>()
    }

    /// Packets that one round can hold.
    static let batchCapacity = 64

    /// What the threads do, and with what.
    struct Equipment: ~Copyable {
        let device: TUNDevice
        let receiver: RawReceiver
        let sender: RawSender
    }

    /// Starts both threads. They own what they use; the device disappears when they have ended and `equipment` is gone.
    static func start(
        _ rules: RuleSet, _ policy: TunnelPolicy, mtu: Int, underlayMTU: [Int?], with equipment: consuming Equipment
    ) throws(Errno) -> Datapath {
        let peerCount = rules.table.peers.count
        let encapsulated = Counters(peerCount: peerCount)
        let decapsulated = Counters(peerCount: peerCount)
        let paths = Paths(peerCount: peerCount)
        paths.view.setUnderlayMTU(underlayMTU)
        let stop = try Wakeup()
        let ended = try Wakeup()
        let attention = try Wakeup()
        let news = News()
        let outward = Encapsulator(
            from: try equipment.device.duplicate(), rules: policy.encapsulation(rules, mtu: mtu, paths: paths.view),
            to: try equipment.sender.duplicate(),
            DataThread(
                counters: encapsulated.writer, news: news.encapsulate, stop: try stop.duplicate(),
                ended: try ended.duplicate(), attention: try attention.duplicate()))
        let inward = Decapsulator(
            from: try equipment.receiver.duplicate(), rules: policy.decapsulation(rules, mtu: mtu, paths: paths.view),
            relay: policy.relay(rules, paths: paths.view), to: try equipment.device.duplicate(),
            DataThread(
                counters: decapsulated.writer, news: news.decapsulate, stop: try stop.duplicate(),
                ended: try ended.duplicate(), attention: try attention.duplicate()))
        let encapsulate = try Thread.start("encapsulate", outward)
        let decapsulate: Thread
        do throws(Errno) {
            decapsulate = try Thread.start("decapsulate", inward)
        } catch {
            stop.signal()
            try encapsulate.join()
            throw error
        }
        return Datapath(
            encapsulated: encapsulated, decapsulated: decapsulated, paths: paths, peerCount: peerCount, ended: ended,
            attention: attention, stop: stop, news: news,
            threads: Threads(encapsulate: encapsulate, decapsulate: decapsulate))
    }

    /// Lets both threads go on by new rules, from their next batch on. The peers must be the same.
    func replace(_ rules: RuleSet) {
        news.encapsulate.give(rules)
        news.decapsulate.give(rules)
    }

    /// The longest outer packet that the first link takes on the way to each peer, octets; `nil` leaves what was known.
    func setUnderlayMTU(_ octets: [Int?]) { paths.view.setUnderlayMTU(octets) }

    /// The longest outer packet that reaches each peer, as far as is known, octets. `now` in milliseconds.
    func pathMTU(at now: UInt64) -> [Int] {
        (0..<peerCount).map { paths.view.mtu(to: PeerIndex(rawValue: UInt32($0)), at: now) }
    }

    /// Stops both threads and waits for them: the counters must outlive their writers.
    /// - Throws: what made a half end by itself.
    consuming func finish() throws(Errno) {
        stop.signal()
        var failure: Errno?
        do throws(Errno) { try threads.encapsulate.join() } catch { failure = error }
        do throws(Errno) { try threads.decapsulate.join() } catch { failure = failure ?? error }
        if let failure { throw failure }
    }
}

extension Paths.View {
    /// Notes what is known of the first link to each peer.
    fileprivate func setUnderlayMTU(_ octets: [Int?]) {
        for (index, octets) in octets.enumerated() {
            if let octets { setUnderlayMTU(octets, to: PeerIndex(rawValue: UInt32(index))) }
        }
    }
}
