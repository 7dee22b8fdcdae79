// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Tunnel
internal import Wire

/// The encapsulating thread: what is routed into the device leaves for a peer, or its sender is told why it cannot.
struct Encapsulator: ~Copyable, ThreadWork {
    private var device: TUNDevice
    private var sender: RawSender
    private let reports: ReportSocket
    private var rules: Encapsulation
    private var answers = Answers()
    private var thread: DataThread

    init(
        from device: consuming TUNDevice, rules: Encapsulation, to sender: consuming RawSender,
        reports: consuming ReportSocket, _ thread: consuming DataThread
    ) {
        self.device = device
        self.rules = rules
        self.sender = sender
        self.reports = reports
        self.thread = thread
    }

    consuming func run() throws(Errno) {
        defer { thread.ended.signal() }
        try thread.begin()
        var batch = PacketBatch(capacity: Datapath.batchCapacity)
        var parts = PacketBatch(capacity: Datapath.batchCapacity)
        var replies = PacketBatch(capacity: Datapath.batchCapacity)
        while true {
            if try Poll.wait(for: device, or: thread.bell) == .called {
                guard thread.answer() else { return }
                continue
            }
            if let news = thread.news.take() { rules = news.encapsulation }
            thread.followListeners()
            try device.fill(&batch)
            let now = Clock.milliseconds
            thread.counters.received(batch.count)
            try pass(&batch, &replies, at: now)
            for index in batch.indices where batch[index].fate == .apart {
                try pass(batch[index], by: &parts, &replies, at: now)
            }
        }
    }

    /// From the device to the network, or to the counters.
    private mutating func pass(
        _ batch: inout PacketBatch, _ replies: inout PacketBatch, at now: UInt64
    ) throws(Errno) {
        thread.judge(&batch, by: rules, at: now)
        try sender.drain(&batch)
        thread.settle(batch, by: RawSender.self, at: now)
        thread.counters.count(.datagrams, sender.takeSent())
        try answer(batch, &replies, at: now)
    }

    /// Datagrams that came as one go on one by one, and count so.
    private mutating func pass(
        _ superpacket: borrowing PacketSlot, by parts: inout PacketBatch, _ replies: inout PacketBatch, at now: UInt64
    ) throws(Errno) {
        guard let segmentation = Segmentation(superpacket.bytes, size: superpacket.segmentSize) else { return }
        thread.counters.count(.superpackets)
        thread.counters.received(segmentation.count - 1)
        var next = 0
        while next < segmentation.count {
            parts.removeAll()
            while next < segmentation.count, !parts.isFull {
                segmentation.copy(next, of: superpacket.bytes, to: &parts[parts.count])
                parts.setCount(parts.count + 1)
                next += 1
            }
            try pass(&parts, &replies, at: now)
        }
    }

    /// Tells the senders of packets what became of them.
    private mutating func answer(
        _ batch: borrowing PacketBatch, _ replies: inout PacketBatch, at now: UInt64
    ) throws(Errno) {
        replies.removeAll()
        for index in batch.indices {
            if let answer = batch[index].answer ?? Encapsulator.answer(to: batch[index].fate) {
                let outcome = answers.write(answer, about: batch[index].bytes, into: &replies[replies.count], at: now)
                thread.keep(outcome, in: &replies)
            }
        }
        if !replies.isEmpty { reports.send(replies) }
    }

    /// What the sender is told of a packet that the host has no way for.
    private static func answer(to fate: PacketSlot.Fate) -> ICMPv4Error? {
        guard case .failed(let error) = fate, RawSender.drop(Errno(rawValue: error)) == .unreachable else { return nil }
        return .hostUnreachable
    }
}
