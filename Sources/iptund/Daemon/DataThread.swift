// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Tunnel
internal import Wire

/// What both data threads have in common: how they are stopped, told news, and listened to.
struct DataThread: ~Copyable, Sendable {
    /// Counts; this thread is the only one that may.
    let counters: Counters.Writer
    /// New duties, if there are any.
    let news: Handover<Worker.Duties>
    /// Signalled when ``pulse`` is to be looked at.
    let bell: Wakeup
    let pulse: Pulse
    /// What the thread gives up, and sees by itself to be gone; `nil` for nothing, in a process that is not the daemon.
    let confinement: Confinement?
    /// Signalled when the loop ends, asked or not.
    let ended: Wakeup
    /// Signalled when something happened that people should read about.
    let attention: Wakeup
    /// Who captures from now on, if that changed.
    let listeners: Handover<[Tap]>

    private var taps = PacketTaps(capacity: Datapath.batchCapacity)
    private var attentionAt: UInt64 = 0

    init(
        counters: Counters.Writer, news: Handover<Worker.Duties>, bell: consuming Wakeup, pulse: Pulse,
        confinement: Confinement?, ended: consuming Wakeup, attention: consuming Wakeup,
        listeners: Handover<[Tap]>
    ) {
        self.counters = counters
        self.news = news
        self.bell = bell
        self.pulse = pulse
        self.confinement = confinement
        self.ended = ended
        self.attention = attention
        self.listeners = listeners
    }

    /// What a data thread does before it looks at any packet.
    /// - Throws: `Errno.notPermitted` when it may do more than it should, which is logged.
    func begin() throws(Errno) {
        Thread.waitForTurns()
        do throws(Complaint) {
            try confinement?.narrow(to: .dataThread)
        } catch {
            StandardErrorLog.logger().critical("\(error)")
            throw .notPermitted
        }
    }

    /// Answers whoever called. Returns whether to go on.
    mutating func answer() -> Bool {
        bell.clear()
        // A thread that has nothing to do gives up rings all the same.
        followListeners()
        return pulse.answer()
    }

    /// Looks who captures. To be called once a batch, before it is read.
    mutating func followListeners() {
        if let listeners = listeners.take() { taps.replace(by: listeners) }
    }

    /// Applies the rules to every packet of a batch, and counts those that die of them. `now` in milliseconds.
    mutating func judge(_ batch: inout PacketBatch, by rules: some PacketRules, at now: UInt64) {
        if taps.isOpen { taps.note(batch, at: Clock.wall) }
        for index in batch.indices {
            do throws(Drop) {
                try rules.apply(to: &batch[index], at: now)
            } catch {
                batch[index].fate = .dropped
                if taps.isOpen { taps.dropped(error, at: index) }
                counters.dropped(error, peer: batch[index].peer)
                if error == .notPeer, let outer = try? OuterPacket(batch[index].bytes) {
                    counters.stranger(outer.source)
                }
                callAttention(at: now)
            }
        }
    }

    /// Counts what the sink made of the packets, and lets those see them who capture.
    mutating func settle<Sink: CountedSink & ~Copyable>(
        _ batch: borrowing PacketBatch, by sink: Sink.Type, at now: UInt64
    ) {
        for index in batch.indices {
            switch batch[index].fate {
            case .delivered:
                counters.delivered(octets: batch[index].length, peer: batch[index].peer, at: now)
                count(batch[index])
                if batch[index].remark == .dangerousECN { callAttention(at: now) }
            case .failed(let error):
                let drop = Sink.drop(Errno(rawValue: error))
                counters.dropped(drop, peer: batch[index].peer)
                if taps.isOpen { taps.dropped(drop, at: index) }
                callAttention(at: now)
            case .dropped, .pending, .apart: break
            }
        }
        if taps.isOpen { taps.write(batch, Sink.direction) }
    }

    private func count(_ slot: borrowing PacketSlot) {
        if slot.segmentSize > 0 { counters.count(.superpackets) }
        switch slot.cut {
        case .whole, .segments: break
        case .fragments, .outerFragments: counters.count(.fragmented)
        }
        switch slot.remark {
        case nil: break
        case .unexpectedECN: counters.count(.unexpectedECN)
        case .dangerousECN: counters.count(.dangerousECN)
        }
    }

    /// Counts what became of an answer, and keeps it if there is one.
    func keep(_ outcome: Answers.Outcome, in replies: inout PacketBatch) {
        switch outcome {
        case .written:
            replies.setCount(replies.count + 1)
            counters.count(.answers)
        case .suppressed: counters.count(.suppressedAnswers)
        case .improper: break
        }
    }

    /// For how long the main thread is not called again, milliseconds. It looks once more when this is over.
    static let silence: UInt64 = 1_000

    /// Wakes the main thread, at most once a second: what it reads are counters, so nothing is lost by waiting.
    mutating func callAttention(at now: UInt64) {
        guard now >= attentionAt + DataThread.silence else { return }
        attentionAt = now
        attention.signal()
    }
}
