// SPDX-License-Identifier: Apache-2.0

internal import Diagnosis
internal import Linux
internal import Wire

/// Tries to reach one peer, in phases, each of which ends by itself whatever arrives.
///
/// First echoes through the tunnel and beside it; where nothing answers, what else may; where something does, long packets.
final class PeerProber {
    let order: ProbeOrder
    let plan: ProbePlan
    var probe: PeerProbe
    let sockets: ProbeSockets
    /// Is told of each answer through the tunnel.
    var heard: ((EchoSeries.Answer) -> Void)?

    /// What comes next, and when, microseconds.
    private var phase = Phase.asking
    private var count = 0
    private var due = Clock.microseconds
    private var lastSent = Clock.microseconds
    private var ladder: LadderRound?
    /// Short questions beside long ones that vanished: those that were sent, and those that were answered.
    private var controls: (sent: Int, answered: Int) = (0, 0)
    private var arrivedInside: Set<UInt16> = []
    private var answered: Set<UInt16> = []

    enum Phase { case asking, otherwise, sizing, done }

    /// Prepares to try a peer of a tunnel whose device is at `place`.
    init(_ order: ProbeOrder, _ plan: ProbePlan, _ place: borrowing DevicePlace) {
        (self.order, self.plan) = (order, plan)
        sockets = ProbeSockets(order, place)
        probe = PeerProbe(peer: order.peer, endpoint: order.endpoint)
        probe.tunnel = order.tunnel
        probe.local = order.local
        probe.target = order.device == nil ? nil : order.target
        probe.source = order.sources.first
        (probe.isUnnumbered, probe.route) = (order.isUnnumbered, order.route)
        probe.shortfalls = sockets.shortfalls
    }

    var isDone: Bool { phase == .done }

    /// When there is something to do even if nothing arrives, microseconds.
    var wake: UInt64 { due }

    /// Takes what has arrived, and sends what is due at `now`.
    func step(_ now: UInt64) {
        listen()
        guard now >= due else { return }
        switch phase {
        case .asking: ask(now)
        case .otherwise: askOtherwise(now)
        case .sizing: size(now)
        case .done: break
        }
    }
}

/// The phases.
extension PeerProber {
    private func ask(_ now: UInt64) {
        let total = probe.target == nil ? plan.tries : plan.count
        guard count == total else {
            if let target = probe.target { askInner(target.address) }
            if count < plan.tries {
                attempt(\.outer, on: sockets.outer) { series throws(Errno) in
                    try series.ask(self.order.endpoint, from: self.order.local, tag: 0)
                }
                if order.device == nil { sendBare() }
            }
            sent(now)
            return
        }
        let isHeardBeside = probe.outer.answered >= probe.outer.sent || now >= lastSent + plan.interval
        let isComplete = isHeardBeside && (probe.target == nil || probe.inner.answered >= probe.inner.sent)
        // What was said need not be waited for.
        let patience = probe.reports.isEmpty ? plan.patience : plan.patience / 3
        guard isComplete && probe.inner.refusal == nil || now >= lastSent + patience else {
            due = now + 10_000
            return
        }
        if probe.inner.isAnswered {
            plan.size == .tried ? enter(.sizing, now) : finish()
        } else {
            probe.target == nil ? finish() : enter(.otherwise, now)
        }
    }

    /// Where nobody answers an echo, another question, another source, or another way may be answered.
    private func askOtherwise(_ now: UInt64) {
        guard let target = probe.target?.address else { return finish() }
        let others = order.sources.dropFirst().prefix(3)
        if count == 0 { probe.otherSources = others.map { PeerProbe.SourceAttempt($0) } }
        guard count < plan.tries else {
            let isAnswered =
                probe.datagrams.isAnswered || probe.hairpin.isAnswered
                || probe.otherSources.contains(where: \.attempt.isAnswered)
            if isAnswered || now >= lastSent + plan.patience / 2 { finish() } else { due = now + 10_000 }
            return
        }
        sendDatagram(to: target)
        for (index, source) in others.enumerated() {
            attempt(\.otherSources[index].attempt, on: sockets.inner) { series throws(Errno) in
                try series.ask(target, from: source, by: self.order.device?.link, tag: index + 1)
            }
        }
        if plan.hairpin == .allowed { sendHairpin() }
        sent(now)
    }

    private func size(_ now: UInt64) {
        guard let device = order.device, let target = probe.target?.address, let series = sockets.sizes else {
            return finish()
        }
        var round = ladder ?? LadderRound(SizeLadder(smallest: EchoSeries.length, limit: device.mtu))
        round.advance()
        guard let lengths = round.lengths else {
            guard round.ladder.result.isHole else {
                probe.size = round.ladder.result
                return finish()
            }
            return confirm(round.ladder.result, now)
        }
        for length in lengths {
            do throws(Errno) {
                try series.ask(target, from: order.sources.first, by: device.link, length: length, tag: length)
            } catch {
                if error == .messageTooLong { round.ladder.told(device.mtu) }
            }
        }
        ladder = round
        due = now + max(150_000, 4 * (probe.inner.roundTrip?.longest ?? 0))
    }

    /// Tells long packets that vanish from packets that get lost: some short ones are sent at the same rate.
    private func confirm(_ result: PeerProbe.SizeProbe, _ now: UInt64) {
        guard controls.sent == 0, let target = probe.target?.address else {
            if controls.answered == controls.sent {
                probe.size = result
            } else {
                probe.shortfalls.append("long packets: short ones get lost, too")
            }
            return finish()
        }
        for _ in 0..<PeerProber.controlCount {
            try? sockets.sizes?.ask(
                target, from: order.sources.first, by: order.device?.link, tag: PeerProber.controlTag)
            controls.sent += 1
        }
        due = now + max(300_000, 4 * (probe.inner.roundTrip?.longest ?? 0))
    }

    private static let controlCount = 5
    private static let controlTag = 0

    private func sent(_ now: UInt64) {
        count += 1
        lastSent = now
        due = now + plan.interval
    }

    private func enter(_ next: Phase, _ now: UInt64) {
        (phase, count, due, lastSent) = (next, 0, now, now)
    }

    private func finish() {
        phase = .done
        due = .max
        probe.lostHere = arrivedInside.subtracting(answered).count
        probe.oddReplies = sockets.series.reduce(0) { $0 + $1.odd }
        probe.duplicates = sockets.series.reduce(0) { $0 + $1.duplicates }
        if !probe.isAnswered, !probe.outer.isAnswered, let hop = order.nextHop, ARPTable.isSilent(hop) {
            probe.silentNextHop = hop
        }
    }
}

/// What is sent.
extension PeerProber {
    private func askInner(_ target: IPv4Address) {
        attempt(\.inner, on: sockets.inner) { series throws(Errno) in
            try series.ask(target, from: self.order.sources.first, by: self.order.device?.link, tag: 0)
        }
    }

    private func sendDatagram(to target: IPv4Address) {
        guard let socket = sockets.datagrams else { return }
        note(\.datagrams) { () throws(Errno) in
            // Where traceroute(8) sends to.
            try socket.value.send(
                [UInt8](repeating: 0, count: 32), to: target, port: .random(in: 33_434...33_534),
                from: self.order.sources.first, by: self.order.device?.link)
        }
    }

    /// A reply, which nobody answers, from our inner address to itself.
    private func sendHairpin() {
        guard let underlay = sockets.underlay, let local = order.local, let series = sockets.inner,
            let own = order.sources.first
        else { return }
        let inner = series.question(for: own, tag: PeerProber.hairpinTag).reply.packet(from: own, to: own)
        note(\.hairpin) { () throws(Errno) in
            try underlay.value.send(inner, from: local, to: self.order.endpoint)
        }
    }

    /// What a tunnel would send, before there is one: from our outer address to the peer's.
    private func sendBare() {
        guard let underlay = sockets.underlay, let local = order.local, let series = sockets.outer else { return }
        let echo = series.question(for: order.endpoint, tag: PeerProber.bareTag)
        note(\.bare) { () throws(Errno) in
            try underlay.value.send(
                echo.packet(from: local, to: self.order.endpoint), from: local, to: self.order.endpoint)
        }
    }

    private func attempt(
        _ attempt: WritableKeyPath<PeerProbe, PeerProbe.Attempt>, on series: EchoSeries?,
        _ send: (EchoSeries) throws(Errno) -> Void
    ) {
        guard let series else { return }
        note(attempt) { () throws(Errno) in try send(series) }
    }

    private func note(_ attempt: WritableKeyPath<PeerProbe, PeerProbe.Attempt>, _ send: () throws(Errno) -> Void) {
        do throws(Errno) {
            try send()
            probe[keyPath: attempt].sent += 1
        } catch {
            probe[keyPath: attempt].refusal = "\(error)"
        }
    }

    private static let hairpinTag = 100
    private static let bareTag = 101
}

/// What arrives.
extension PeerProber {
    private func listen() {
        for _ in 0..<PeerProber.patience {
            guard let answer = sockets.inner?.answer() else { break }
            hear(answer)
        }
        for _ in 0..<PeerProber.patience {
            guard let answer = sockets.outer?.answer() else { break }
            if answer.tag == PeerProber.bareTag {
                probe.bare.answered += 1
                probe.unwrapped += 1
            } else {
                probe.outer.hear(answer.roundTrip)
            }
        }
        for _ in 0..<PeerProber.patience {
            guard let answer = sockets.sizes?.answer() else { break }
            if answer.tag == PeerProber.controlTag { controls.answered += 1 }
            ladder?.ladder.passed(answer.tag)
        }
        listenForErrors()
        listenBelow()
        listenForDatagrams()
    }

    private func hear(_ answer: EchoSeries.Answer) {
        answered.insert(answer.sequence)
        switch answer.tag {
        case 0:
            probe.inner.hear(answer.roundTrip)
            if let link = order.device?.link, answer.link != 0, answer.link != link { probe.unwrapped += 1 }
            heard?(answer)
        case 1...probe.otherSources.count: probe.otherSources[answer.tag - 1].attempt.hear(answer.roundTrip)
        default: break
        }
    }

    private func listenForErrors() {
        for _ in 0..<PeerProber.patience {
            guard let (report, tag) = sockets.inner?.error() else { break }
            if tag == 0 { probe.inner.hear(report) }
        }
        for _ in 0..<PeerProber.patience {
            guard let (report, _) = sockets.outer?.error() else { break }
            probe.outer.hear(report)
        }
        for _ in 0..<PeerProber.patience {
            guard let (report, _) = sockets.sizes?.error() else { break }
            if report.type == 3, report.code == 4 { ladder?.ladder.told(Int(report.nextHopMTU)) }
        }
    }

    /// Copies of what the peer sent inside of protocol 4, and what the network says about protocol 4.
    private func listenBelow() {
        guard let underlay = sockets.underlay else { return }
        for _ in 0..<PeerProber.patience {
            guard let report = (try? underlay.value.nextError(about: order.endpoint)) ?? nil else { break }
            if probe.reports.count < 16, !probe.reports.contains(report) { probe.reports.append(report) }
        }
        for _ in 0..<PeerProber.patience {
            guard let arrival = (try? underlay.value.receive()) ?? nil else { break }
            if let local = order.local, arrival.destination != local { probe.otherLocals.insert(arrival.destination) }
            let inner = arrival.inner
            if let report = report(in: inner), probe.innerReports.count < 16, !probe.innerReports.contains(report) {
                probe.innerReports.append(report)
            }
            guard let sequence = sockets.inner?.sequence(answeredBy: inner) else {
                if sockets.outer?.sequence(answeredBy: inner) != nil { probe.bare.answered += 1 }
                continue
            }
            if sockets.inner?.tag(of: sequence) == PeerProber.hairpinTag {
                probe.hairpin.answered += 1
            } else {
                arrivedInside.insert(sequence)
            }
        }
    }

    /// The ICMP error about our question that an inner packet is; `nil` for any other packet.
    private func report(in octets: [UInt8]) -> ICMPReport? {
        guard let target = probe.target?.address, let packet = try? IPv4Packet(octets.octets),
            packet.protocolNumber == .icmp, !packet.isFragment
        else { return nil }
        let (message, source) = (packet.payload, packet.source)
        // Behind eight octets of its own it quotes the header of the question, whose destination stands at 16.
        guard message.byteCount >= 28, [3, 11].contains(message.octet(at: 0)), message.uint32(at: 24) == target.rawValue
        else { return nil }
        // The target's own "port unreachable" is the answer to UDP.
        if source == target, message.octet(at: 0) == 3, message.octet(at: 1) == 3 { return nil }
        return ICMPReport(type: message.octet(at: 0), code: message.octet(at: 1), offender: source)
    }

    private func listenForDatagrams() {
        guard let socket = sockets.datagrams, let target = probe.target?.address else { return }
        for _ in 0..<PeerProber.patience {
            switch (try? socket.value.next()) ?? nil {
            case nil: return
            case .answer(let source): if source == target { probe.datagrams.answered += 1 }
            case .error(let report):
                if report.type == 3, report.code == 3, report.offender == target {
                    probe.datagrams.answered += 1
                } else {
                    probe.datagrams.hear(report)
                }
            }
        }
    }

    /// How much is taken at once of what arrives, before it is looked whether something is due.
    private static let patience = 64
}
