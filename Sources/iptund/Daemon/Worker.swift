// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Tunnel
internal import Wire

/// One of the workers that share a tunnel's flows: a thread that encapsulates, and one that decapsulates.
///
/// Each has its own queue of the device, its own sockets and its own counters, so that workers never wait for each other.
/// A class because arrays cannot hold what is not copyable; no packet ever passes by here.
final class Worker {
    private let ports: Ports
    private let encapsulated: Counters
    private let decapsulated: Counters
    /// Where each thread finds new duties.
    private let news = (encapsulate: Handover<Duties>(), decapsulate: Handover<Duties>())
    /// Where each thread finds out who captures.
    private let listeners = (encapsulate: Handover<[Tap]>(), decapsulate: Handover<[Tap]>())
    private let calls: (encapsulate: Call, decapsulate: Call)
    private var encapsulate: Thread?
    private var decapsulate: Thread?

    /// What a worker reads from and writes to.
    final class Ports: Sendable {
        fileprivate let device: TUNDevice
        fileprivate let receiver: RawReceiver
        fileprivate let sender: RawSender
        fileprivate let reports: ReportSocket

        init(
            device: consuming TUNDevice, receiver: consuming RawReceiver, sender: consuming RawSender,
            reports: consuming ReportSocket
        ) {
            self.device = device
            self.receiver = receiver
            self.sender = sender
            self.reports = reports
        }

        /// Whether IPsec policies and routing rules for protocol 4 see what is sent.
        var isProtocolKnown: Bool { sender.isProtocolKnown }
    }

    /// What is to be done with packets, the same for all workers.
    struct Duties: Sendable {
        let encapsulation: Encapsulation
        let decapsulation: Decapsulation
        let relay: ICMPRelay
    }

    /// By whom threads are stopped, and whom they tell.
    struct Signals: ~Copyable {
        let ended: Wakeup
        let attention: Wakeup
    }

    /// How a thread is called.
    fileprivate final class Call {
        let bell: Wakeup
        let pulse = Pulse()

        init() throws(Errno) { bell = try Wakeup() }
    }

    /// A worker with nothing to do yet.
    init(_ ports: Ports, peerCount: Int) throws(Errno) {
        self.ports = ports
        calls = (try Call(), try Call())
        encapsulated = Counters(peerCount: peerCount)
        decapsulated = Counters(peerCount: peerCount)
    }

    /// Starts both threads. After a failure ``stop()`` and ``finish()`` end the one that may be running.
    func start(
        _ duties: Duties, _ confinement: Confinement?, signals: borrowing Signals, suffix: String
    ) throws(Errno) {
        let outward = Encapsulator(
            from: try ports.device.duplicate(), rules: duties.encapsulation,
            to: try ports.sender.duplicate(), reports: try ports.reports.duplicate(),
            try signals.thread(
                encapsulated.writer, news.encapsulate, calls.encapsulate, confinement, listeners.encapsulate))
        let inward = Decapsulator(
            from: try ports.receiver.duplicate(), rules: duties.decapsulation, relay: duties.relay,
            to: try ports.device.duplicate(), reports: try ports.reports.duplicate(),
            try signals.thread(
                decapsulated.writer, news.decapsulate, calls.decapsulate, confinement, listeners.decapsulate))
        encapsulate = try Thread.start("encapsulate\(suffix)", outward)
        decapsulate = try Thread.start("decapsulate\(suffix)", inward)
    }

    /// Wants a sign of life from both threads.
    func call() {
        for call in [calls.encapsulate, calls.decapsulate] {
            call.pulse.ask()
            call.bell.signal()
        }
    }

    /// Whether both have answered all calls.
    var isAnswered: Bool { calls.encapsulate.pulse.isAnswered && calls.decapsulate.pulse.isAnswered }

    /// Tells both threads to end.
    func stop() {
        for call in [calls.encapsulate, calls.decapsulate] {
            call.pulse.end()
            call.bell.signal()
        }
    }

    /// Lets both threads go on with other duties, from their next batch on. Each peer must keep its place.
    func replace(_ duties: Duties) {
        news.encapsulate.give(duties)
        news.decapsulate.give(duties)
    }

    /// Lets these see what passes, and nobody else.
    func show(encapsulated: [Tap], decapsulated: [Tap]) {
        listeners.encapsulate.give(encapsulated)
        listeners.decapsulate.give(decapsulated)
        // A thread that waits for packets would keep the rings of those who have gone.
        for call in [calls.encapsulate, calls.decapsulate] { call.bell.signal() }
    }

    /// Outer packets leave with this source; `nil` when there are several.
    func follow(_ local: IPv4Address?) { ports.sender.follow(local) }

    /// What was counted so far for the interface and the first `slots` places, in the order of ``Direction``.
    func snapshots(slots: Int) -> (encapsulated: Counters.Snapshot, decapsulated: Counters.Snapshot) {
        (encapsulated.snapshot(slots: slots), decapsulated.snapshot(slots: slots))
    }

    /// When the last packet came from the peer at `place`, milliseconds; 0 for never.
    func lastReceived(at place: Int) -> UInt64 { decapsulated.lastDelivered(of: PeerIndex(rawValue: UInt32(place))) }

    /// Packets that arrived and that the kernel had no room to keep for this worker.
    var socketOverflows: UInt64 { (try? ports.receiver.overflows) ?? 0 }

    /// Waits for the end of both threads, which must have been told to stop: the counters must outlive their writers.
    /// - Throws: what made one end by itself.
    func finish() throws(Errno) {
        var failure: Errno?
        do throws(Errno) { try encapsulate.take()?.join() } catch { failure = error }
        do throws(Errno) { try decapsulate.take()?.join() } catch { failure = failure ?? error }
        if let failure { throw failure }
    }
}

extension Worker.Signals {
    fileprivate func thread(
        _ counters: Counters.Writer, _ news: Handover<Worker.Duties>, _ call: Worker.Call,
        _ confinement: Confinement?, _ listeners: Handover<[Tap]>
    ) throws(Errno) -> DataThread {
        DataThread(
            counters: counters, news: news, bell: try call.bell.duplicate(), pulse: call.pulse,
            confinement: confinement, ended: try ended.duplicate(), attention: try attention.duplicate(),
            listeners: listeners)
    }
}
