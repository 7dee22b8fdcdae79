// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Diagnosis
internal import Linux
internal import Tunnel
internal import Wire

/// Asks peers for a sign of life, through the tunnel, with sockets that were opened while there was privilege.
///
/// An inner address is asked by our device, like any other packet, and the reply comes out of it: the one that was named
/// (`Probe`), or one that ``InnerTarget`` finds. A kernel that filters its tunnel strictly takes only such a question, since
/// it comes from the device's own address.
///
/// Without `Probe` the peer's outer address is asked, too, by a packet that we wrap ourselves, whatever AllowedIPs say; its
/// kernel replies without a tunnel, which confirms the outbound direction alone.
struct Prober: ~Copyable {
    /// Where the device is.
    private var inside: EchoSocket
    /// Where outer packets leave, if that is another network namespace.
    private var outside: EchoSocket?
    private let outer: OuterSocket
    /// The TTL of outer packets.
    private var ttl: TTL
    /// The number of the last inner question to each place that was answered out of the device.
    private var settled: [Int: UInt16] = [:]
    /// Our device.
    var device: Int32 = 0
    /// Addresses of our device.
    var addresses: [InterfaceAddress]
    /// Every address of the host that the device belongs to.
    var own: Set<IPv4Address> = []
    /// Questions without a reply, by the number that nobody else can know.
    private var open: [UInt64: Question] = [:]
    /// The last questions to each place, oldest first: a reply may come after the next question.
    private var last: [Int: [UInt64]] = [:]

    private struct Question {
        let place: Int
        let number: UInt16
        let request: ICMPEcho
        let target: IPv4Address
        /// Microseconds of ``Clock``.
        let time: UInt64
    }

    /// A reply to one of our questions.
    struct Answer: Equatable {
        let place: Int
        let number: UInt16
        let microseconds: UInt64
        let proof: TunnelReport.Proof
    }

    /// Opens the sockets. Requires `CAP_NET_RAW`.
    static func open(
        _ settings: TunnelSettings, _ mark: PacketMark, _ place: borrowing DevicePlace
    ) throws(Errno) -> Prober? {
        guard settings.keepalive != nil else { return nil }
        let outer = try OuterSocket(mark: mark)
        let inside = try place.inside { () throws(Errno) in try EchoSocket() }
        return Prober(inside, place.name == nil ? nil : try EchoSocket(), outer, settings)
    }

    private init(
        _ inside: consuming EchoSocket, _ outside: consuming EchoSocket?, _ outer: consuming OuterSocket,
        _ settings: TunnelSettings
    ) {
        addresses = settings.addresses
        ttl = Prober.ttl(settings)
        self.inside = inside
        self.outside = outside
        self.outer = outer
    }

    /// The TTL of outer packets of ours: there is nothing that it could be inherited from.
    private static func ttl(_ settings: TunnelSettings) -> TTL {
        if case .fixed(let ttl) = settings.policy.outer.ttl { ttl } else { .standard }
    }

    /// Outer packets are as these settings say from now on.
    mutating func follow(_ settings: TunnelSettings) { ttl = Prober.ttl(settings) }

    /// What to wait for.
    var interests: [Poll.Interest] { [.reading(inside.descriptor), Prober.interest(in: outside)] }

    private static func interest(in socket: borrowing EchoSocket?) -> Poll.Interest {
        switch socket {
        case .some(let socket): .reading(socket.descriptor)
        case .none: .nothing
        }
    }

    /// Puts question `number` to the peer at `place`. One that cannot be sent is one without a reply.
    mutating func ask(_ number: UInt16, _ place: Int, _ member: Roster.Member) {
        while let oldest = last[place]?.first, last[place, default: []].count >= Prober.memory {
            open[oldest] = nil
            last[place]?.removeFirst()
        }
        guard let endpoint = member.address, let local = member.local else { return }
        // A probe that has become an address of this host would be answered here, and prove nothing.
        let probe = member.settings.probe.flatMap { own.contains($0) ? nil : $0 }
        if let target = probe ?? target(member, endpoint) {
            let request = note(number, place, target, inside.identifier)
            let source = probe == nil ? addresses.first?.address : nil
            try? inside.send(request, to: target, from: source, by: device)
        }
        guard probe == nil, !isSettled(place, number) else { return }
        let request = note(number, place, endpoint, outside?.identifier ?? inside.identifier)
        try? outer.send(request.packet(from: local, to: endpoint), to: endpoint, from: local, ttl: ttl)
    }

    /// Whether the last inner question was answered out of the device: then that is enough, and a peer that takes inner
    /// sources from AllowedIPs alone need not drop anything.
    private func isSettled(_ place: Int, _ number: UInt16) -> Bool { settled[place] == number &- 1 }

    /// An inner address that the device can ask; `nil` when there is none but a host that the peer may not have.
    private func target(_ member: Roster.Member, _ endpoint: IPv4Address) -> IPv4Address? {
        guard !addresses.isEmpty else { return nil }
        let target = InnerTarget(
            addresses: addresses, own: own, allowed: member.settings.allowed ?? [.all], endpoint: endpoint
        ).choose()
        return target?.origin == .guessed ? nil : target?.address
    }

    /// Makes a question that cannot be guessed, and remembers it.
    private mutating func note(
        _ number: UInt16, _ place: Int, _ target: IPv4Address, _ identifier: UInt16
    ) -> ICMPEcho {
        let nonce = UInt64.random(in: 0 ... .max)
        let request = ICMPEcho(
            .request, identifier: identifier, sequence: number,
            payload: (0..<8).map { UInt8(truncatingIfNeeded: nonce >> ($0 * 8)) })
        open[nonce] = Question(
            place: place, number: number, request: request, target: target, time: Clock.microseconds)
        last[place, default: []].append(nonce)
        return request
    }

    /// The replies that have come, at most as many as there are questions: who floods us has to wait.
    mutating func answers() -> [Answer] {
        var answers: [Answer] = []
        for _ in 0..<Prober.patience {
            guard let reply = try? inside.receive() else { break }
            if let answer = judge(reply, isInside: true) { answers.append(answer) }
        }
        guard var socket = outside.take() else { return answers }
        for _ in 0..<Prober.patience {
            guard let reply = try? socket.receive() else { break }
            if let answer = judge(reply, isInside: false) { answers.append(answer) }
        }
        outside = consume socket
        return answers
    }

    private mutating func judge(_ reply: EchoSocket.Reply, isInside: Bool) -> Answer? {
        guard reply.echo.payload.count == 8 else { return nil }
        let nonce = reply.echo.payload.enumerated().reduce(UInt64(0)) { $0 | UInt64($1.element) << ($1.offset * 8) }
        guard let question = open[nonce], reply.source == question.target, reply.echo.answers(question.request) else {
            return nil
        }
        open[nonce] = nil
        let proof: TunnelReport.Proof = isInside && reply.link == device ? .bothLegs : .oneLeg
        // A weaker proof of the same moment is of no interest any more.
        if proof == .bothLegs {
            settled[question.place] = question.number
            for other in last[question.place] ?? [] where open[other]?.number == question.number { open[other] = nil }
        }
        return Answer(
            place: question.place, number: question.number,
            microseconds: reply.time > question.time ? reply.time - question.time : 0, proof: proof)
    }

    /// The peer at `place` is another one, or has gone.
    mutating func forget(_ place: Int) {
        for before in last.removeValue(forKey: place) ?? [] { open[before] = nil }
        settled[place] = nil
    }

    /// How many questions to a peer may wait for their replies, two of each number.
    private static let memory = 8
    /// How many replies are looked at before something else is done.
    private static let patience = 64
}
