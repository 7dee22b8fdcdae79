// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Tunnel
internal import Wire

/// The decapsulating thread: what peers sent goes to the device, and what routers say about our packets goes to whom it
/// concerns.
struct Decapsulator: ~Copyable, ThreadWork {
    private var receiver: RawReceiver
    private var device: TUNDevice
    private let reports: ReportSocket
    private var rules: Decapsulation
    private var relay: ICMPRelay
    private var answers = Answers()
    private var thread: DataThread

    init(
        from receiver: consuming RawReceiver, rules: Decapsulation, relay: ICMPRelay, to device: consuming TUNDevice,
        reports: consuming ReportSocket, _ thread: consuming DataThread
    ) {
        self.receiver = receiver
        self.rules = rules
        self.relay = relay
        self.device = device
        self.reports = reports
        self.thread = thread
    }

    consuming func run() throws(Errno) {
        defer { thread.ended.signal() }
        try thread.begin()
        var batch = PacketBatch(capacity: Datapath.batchCapacity)
        var replies = PacketBatch(capacity: Datapath.batchCapacity)
        while true {
            let wake = try Poll.wait(for: receiver, or: thread.bell)
            if wake == .called {
                guard thread.answer() else { return }
                continue
            }
            if let news = thread.news.take() {
                rules = news.decapsulation
                relay = news.relay
            }
            thread.followListeners()
            try receiver.fill(&batch)
            let now = Clock.milliseconds
            thread.counters.received(batch.count)
            thread.judge(&batch, by: rules, at: now)
            try device.drain(&batch)
            thread.settle(batch, by: TUNDevice.self, at: now)
            thread.counters.count(.coalesced, device.takeCoalesced())
            // The packets of this round have gone: their memory can hold quotes.
            if wake == .errors { try relayErrors(&batch, &replies, at: now) }
        }
    }

    /// Takes a batch of ICMP errors from the queue, at most: more wait for the next round, so that packets go on.
    private mutating func relayErrors(
        _ quotes: inout PacketBatch, _ replies: inout PacketBatch, at now: UInt64
    ) throws(Errno) {
        replies.removeAll()
        for _ in 0..<replies.capacity {
            guard let report = try receiver.nextError(quote: &quotes[0]) else { break }
            switch relay.judge(report, about: quotes[0].bytes, at: now) {
            case .stray: thread.counters.count(.strayErrors)
            case .noted(let peer): thread.counters.error(report.encoded, peer: peer)
            case .tell(let error, let inner, let peer):
                thread.counters.error(report.encoded, peer: peer)
                quotes[0].strip(to: inner)
                let outcome = answers.write(error, about: quotes[0].bytes, into: &replies[replies.count], at: now)
                thread.keep(outcome, in: &replies)
            }
        }
        thread.callAttention(at: now)
        if !replies.isEmpty { reports.send(replies) }
    }
}
