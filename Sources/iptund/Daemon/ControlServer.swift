// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Answers commands on the tunnel's control socket: one line in, one document out, and the connection ends.
///
/// It lives on the main thread, beside the data path, and never waits for a client: who is slow is cut off.
struct ControlServer: ~Copyable {
    private let listener: Descriptor
    private let path: String
    private var clients: [Client] = []

    /// What one connection may cost.
    private enum Limit {
        static let clients = 16
        static let requestOctets = 4096
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
    mutating func serve(_ ready: ArraySlice<Poll.Interest>, answer: (String) -> String) {
        let flags = ready.map(\.isReady)
        for (client, isReady) in zip(clients, flags.dropFirst()) where isReady {
            client.advance(limit: Limit.requestOctets, answer: answer)
        }
        let now = Clock.milliseconds
        clients.removeAll { $0.isDone || $0.deadline <= now }
        if flags.first == true { acceptClients(now) }
    }

    private mutating func acceptClients(_ now: UInt64) {
        // A connection that cannot be accepted is the client's loss, not ours.
        while let socket = try? listener.accept() {
            if clients.count < Limit.clients {
                clients.append(Client(socket, deadline: now + Limit.milliseconds))
            }
        }
    }
}

/// One connection.
private final class Client {
    let socket: Descriptor
    let deadline: UInt64
    private(set) var response: ArraySlice<UInt8>?
    private(set) var isDone = false
    private var request: [UInt8] = []

    init(_ socket: consuming Descriptor, deadline: UInt64) {
        self.socket = socket
        self.deadline = deadline
    }

    /// Reads on, or writes on.
    func advance(limit: Int, answer: (String) -> String) {
        do throws(Errno) {
            if response == nil { try read(limit: limit, answer: answer) }
            if let rest = response {
                response = rest.dropFirst(try socket.send(rest))
                isDone = response?.isEmpty == true
            }
        } catch {
            isDone = true
        }
    }

    private func read(limit: Int, answer: (String) -> String) throws(Errno) {
        guard let bytes = try socket.receive(limit: limit) else { return }
        request += bytes
        if let end = request.firstIndex(of: UInt8(ascii: "\n")), end <= limit {
            response = Array(answer(String(decoding: request[..<end], as: UTF8.self)).utf8)[...]
        } else if bytes.isEmpty || request.count > limit {
            isDone = true
        }
    }
}
