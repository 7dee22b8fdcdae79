// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Tunnel
internal import Wire

/// The two halves of a tunnel at work, each on a thread of its own.
///
/// ```
/// encapsulate:  TUN device ─ fill ─▶ Encapsulation ─ drain ─▶ raw socket
/// decapsulate:  raw socket ─ fill ─▶ Decapsulation ─ drain ─▶ TUN device
/// ```
struct Datapath: ~Copyable {
    let encapsulated: Counters
    let decapsulated: Counters
    /// Signalled when a half ends, asked or not.
    let ended: Wakeup
    private let stop: Wakeup
    private let threads: Threads

    private struct Threads: ~Copyable {
        let encapsulate: Thread
        let decapsulate: Thread
    }

    /// Packets that one round can hold.
    static let batchCapacity = 64

    /// Starts both threads. They own what they use; the device disappears when they have ended and `device` is gone.
    static func start(
        _ table: PeerTable, ttl: Encapsulation.TTLPolicy, mtu: Int, device: borrowing TUNDevice,
        socket: borrowing RawSocket
    ) throws(Errno) -> Datapath {
        let encapsulated = Counters(peerCount: table.peers.count)
        let decapsulated = Counters(peerCount: table.peers.count)
        let stop = try Wakeup()
        let ended = try Wakeup()
        let outward = Half(
            from: try device.duplicate(), rules: Encapsulation(table: table, ttl: ttl), to: try socket.duplicate(),
            counters: encapsulated.writer, stop: try stop.duplicate(), ended: try ended.duplicate())
        let inward = Half(
            from: try socket.duplicate(), rules: Decapsulation(table: table, mtu: mtu), to: try device.duplicate(),
            counters: decapsulated.writer, stop: try stop.duplicate(), ended: try ended.duplicate())
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
            encapsulated: encapsulated, decapsulated: decapsulated, ended: ended, stop: stop,
            threads: Threads(encapsulate: encapsulate, decapsulate: decapsulate))
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

/// One direction: a source, rules, a sink, and the loop that connects them.
private struct Half<From: PacketPort & ~Copyable, Rules: PacketRules, To: CountedSink & ~Copyable>: ~Copyable,
    ThreadWork
{
    private var from: From
    private var to: To
    private let rules: Rules
    private let counters: Counters.Writer
    private let stop: Wakeup
    private let ended: Wakeup

    init(
        from: consuming From, rules: Rules, to: consuming To, counters: Counters.Writer, stop: consuming Wakeup,
        ended: consuming Wakeup
    ) {
        self.from = from
        self.to = to
        self.rules = rules
        self.counters = counters
        self.stop = stop
        self.ended = ended
    }

    consuming func run() throws(Errno) {
        defer { ended.signal() }
        var batch = PacketBatch(capacity: Datapath.batchCapacity)
        while try Poll.wait(for: from, or: stop) == .ready {
            try from.fill(&batch)
            counters.received(batch.count)
            for index in batch.indices { judge(&batch[index]) }
            try to.drain(&batch)
            settle(batch)
        }
    }

    /// Applies the rules to one packet, and counts it when it dies of them.
    private func judge(_ slot: inout PacketSlot) {
        do throws(Drop) {
            try rules.apply(to: &slot)
        } catch {
            slot.fate = .dropped
            counters.dropped(error, peer: slot.peer)
        }
    }

    /// Counts what the sink made of the packets, and what the network said about earlier ones.
    private mutating func settle(_ batch: borrowing PacketBatch) {
        let now = Clock.milliseconds
        for index in batch.indices {
            switch batch[index].fate {
            case .delivered: counters.delivered(octets: batch[index].length, peer: batch[index].peer, at: now)
            case .failed(let error): counters.dropped(To.drop(Errno(rawValue: error)), peer: batch[index].peer)
            case .dropped, .pending: break
            }
        }
        note(from.takeErrors())
        note(to.takeErrors())
    }

    private func note(_ errors: ICMPErrors) {
        if let last = errors.last { counters.errors(errors.count, last: last.encoded) }
    }
}
