// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Answers commands on the tunnel's control socket: one line in, one line out, and the connection ends (docs/control.md).
///
/// It lives on the main thread, beside the data path, and never waits for a client: who is slow is cut off.
struct ControlServer: ~Copyable {
    private let listener: Descriptor
    private let path: String
    private var clients: [ControlClient] = []
    private var access = ControlAccess(owner: User.current.id)
    /// The number of the listening socket.
    var fileDescriptor: Int32 { listener.rawValue }
    /// How many threads carry packets, for those who want to see these.
    var dataThreads = 0
    /// Whether packets can be captured here.
    private var hasPackets = true
    /// Who was capturing when that was asked last.
    private var knownStreams: [TapStream] = []

    /// What all connections together may cost.
    private enum Limit {
        static let clients = 16
        /// How long nobody is accepted after one could not be, milliseconds.
        static let pause: UInt64 = 1_000
    }

    /// Listens at `path`.
    init(_ path: String) throws(Errno) {
        listener = try UnixSocket.listen(path, mode: 0o660)
        self.path = path
    }

    /// Lets `user` (the daemon after it gave up root) and its group use the socket.
    mutating func give(to user: User) {
        Files.give(path, user: user.id, group: user.group)
        access = ControlAccess(owner: User.current.id, group: user.group)
    }

    /// Lets root alone give orders: neither the daemon itself nor another process of its user may.
    mutating func keepToRoot() {
        access = ControlAccess(owner: 0)
        hasPackets = false
    }

    /// Since when nobody can be accepted, and until when that is not tried again, milliseconds of ``Clock``.
    private var listensAgainAt: UInt64?

    /// What to wait for: the listener, then the clients.
    var interests: [Poll.Interest] {
        [listensAgainAt == nil ? .reading(listener) : .nothing]
            + clients.map(\.interest)
    }

    /// How long to wait at most: until the next client is too slow, or others may come again.
    var timeoutMilliseconds: Int32 {
        let moments = clients.map(\.dueAt) + [listensAgainAt]
        guard let next = moments.compactMap(\.self).min() else { return -1 }
        let now = Clock.milliseconds
        return next > now ? Int32(clamping: next - now) : 0
    }

    /// Goes on with whoever is `ready`, in the order of ``interests``.
    mutating func serve(_ ready: ArraySlice<Poll.Interest>, answer: (ControlRequest) -> String) {
        let flags = ready.map(\.isReady)
        // Reports of thousands of peers are long: those who ask at once get the same one.
        var report: [UInt8]?
        let (threads, others, hasPackets) = (dataThreads, clients, hasPackets)
        func reply(_ request: ControlRequest) -> ControlReply {
            if request.verb == ControlRequest.show, let report { return .line(report) }
            if hasPackets, let reply = ControlReply.stream(for: request, threads: threads, beside: others) {
                return reply
            }
            let line = Array("\(answer(request))\n".utf8)
            report = request.verb == ControlRequest.show ? line : nil
            return .line(line)
        }
        let now = Clock.milliseconds
        for (client, isReady) in zip(clients, flags.dropFirst()) {
            if client.stream != nil {
                if isReady || client.dueAt.map({ $0 <= now }) == true { client.goOn(isReady: isReady, at: now) }
            } else if isReady {
                client.advance(reply)
            }
        }
        clients.removeAll { $0.isDone || $0.stream == nil && $0.deadline <= now }
        if let moment = listensAgainAt, moment <= now { listensAgainAt = nil }
        if flags.first == true { acceptClients(now) }
    }

    /// Who captures, if that is not the same as when it was asked last.
    mutating func takeChangedStreams() -> [TapStream]? {
        let streams = clients.compactMap(\.stream)
        guard !streams.elementsEqual(knownStreams, by: ===) else { return nil }
        knownStreams = streams
        return streams
    }

    /// As many as there can be at once, at most: who connects in a loop must not keep us here.
    private mutating func acceptClients(_ now: UInt64) {
        for _ in 0..<Limit.clients {
            let accepted: Descriptor?
            do throws(Errno) {
                accepted = try listener.accept()
            } catch {
                // Out of descriptors, or of memory: that somebody waits will not go away by looking at it.
                listensAgainAt = now + Limit.pause
                return
            }
            guard let socket = accepted else { return }
            let user = try? socket.peerUser()
            let right = access.right(of: user) { (try? socket.peerGroups()) ?? [] }
            guard let user, right > .nothing else {
                ControlClient.refuse(socket)
                continue
            }
            if clients.count(where: { $0.stream == nil }) == Limit.clients { makeRoom() }
            clients.append(ControlClient(socket, user: user.id, right: right, at: now))
        }
    }

    /// Of whoever has the most connections the one that has been here longest goes, but for who may give orders: else some
    /// that only wait could keep all others out.
    private mutating func makeRoom() {
        let all = clients.filter { $0.stream == nil }
        let candidates = all.contains { $0.right < .order } ? all.filter { $0.right < .order } : all
        let counts = Dictionary(candidates.map { ($0.user, 1) }, uniquingKeysWith: +)
        let most = counts.values.max()
        guard let leaver = candidates.first(where: { counts[$0.user] == most }) else { return }
        clients.removeAll { $0 === leaver }
    }
}

/// What a client is told.
enum ControlReply {
    /// One line, and the end.
    case line([UInt8])
    /// What passes, until it has seen enough.
    case stream(TapStream)

    /// What somebody is told who wants to see packets, besides `clients`; `nil` for who wants something else.
    fileprivate static func stream(
        for request: ControlRequest, threads: Int, beside clients: [ControlClient]
    ) -> ControlReply? {
        do throws(TapOrder.Refusal) {
            guard let order = try TapOrder.read(request.verb) else { return nil }
            guard request.right >= order.right else { throw .init(.forbidden, "only root may do this") }
            guard request.attachment == nil else { throw .init(.badAttachment, "no open file comes with this") }
            let others = clients.compactMap(\.stream).filter { $0.order.kind == order.kind }
            // Others of the group must not keep root from looking.
            let limit = TapOrder.Limit.streams * (request.right > order.right ? 2 : 1)
            guard others.count < limit else {
                throw .init(.busy, "\(others.count) others do this already")
            }
            return .stream(TapStream(order, threads: threads, greeting: line(ControlAnswer())))
        } catch {
            return .line(line(ControlAnswer(error.code, error.sentence)))
        }
    }

    private static func line(_ answer: ControlAnswer) -> [UInt8] { Array("\(answer.json)\n".utf8) }
}

/// What a client asks.
struct ControlRequest {
    /// The line that it sent.
    let verb: String
    /// What it may ask for.
    let right: ControlAccess.Right
    /// What it handed over: the octets of a sealed memory file, which nobody can change any more.
    let attachment: [UInt8]?

    /// The one question, which changes nothing.
    static let show = "show"
}
