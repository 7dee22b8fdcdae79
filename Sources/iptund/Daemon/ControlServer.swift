// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Answers commands on the tunnel's control socket: one line in, one document out, and the connection ends.
///
/// It lives on the main thread, beside the data path, and never waits for a client: who is slow is cut off.
struct ControlServer: ~Copyable {
    private let listener: Descriptor
    private let path: String
    private var clients: [ControlClient] = []
    /// Who made it: may change something, as root may.
    private let owner = User.current.id

    /// What one connection may cost.
    private enum Limit {
        static let clients = 16
        static let milliseconds: UInt64 = 2_000
    }

    /// Listens at `path`.
    init(_ path: String) throws(Errno) {
        listener = try UnixSocket.listen(path, mode: 0o660)
        self.path = path
    }

    /// Lets `user` (the daemon after it gave up root) and its group use the socket.
    func give(to user: User) { Files.give(path, user: user.id, group: user.group) }

    /// What to wait for: the listener, then the clients.
    var interests: [Poll.Interest] {
        [.reading(listener)] + clients.map { $0.response == nil ? .reading($0.socket) : .writing($0.socket) }
    }

    /// How long to wait at most: until the next client is too slow.
    var timeoutMilliseconds: Int32 {
        guard let next = clients.map(\.deadline).min() else { return -1 }
        let now = Clock.milliseconds
        return next > now ? Int32(next - now) : 0
    }

    /// Goes on with whoever is `ready`, in the order of ``interests``.
    mutating func serve(_ ready: ArraySlice<Poll.Interest>, answer: (ControlRequest) -> String) {
        let flags = ready.map(\.isReady)
        for (client, isReady) in zip(clients, flags.dropFirst()) where isReady { client.advance(answer) }
        let now = Clock.milliseconds
        clients.removeAll { $0.isDone || $0.deadline <= now }
        if flags.first == true { acceptClients(now) }
    }

    private mutating func acceptClients(_ now: UInt64) {
        // A connection that cannot be accepted is the client's loss, not ours.
        while let socket = try? listener.accept() {
            // Who has been here longest goes, but for who may give orders: else some that only wait could keep all out.
            if clients.count == Limit.clients {
                clients.remove(at: clients.firstIndex { !$0.isTrusted } ?? 0)
            }
            clients.append(ControlClient(socket, deadline: now + Limit.milliseconds, owner: owner))
        }
    }
}

/// What a client asks.
struct ControlRequest {
    /// The line that it sent.
    let verb: String
    /// Who it is, as the kernel says; `nil` when it does not.
    let user: UInt32?
    /// What it handed over: the octets of a sealed memory file, which nobody can change any more.
    let attachment: [UInt8]?
}
