// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// One question to one tunnel, from the connection to the end of the answer; it never waits by itself.
///
/// Who listens there may be stopped, busy, or hostile: there is a limit to what it may say, and ``ControlConnection`` has one
/// for how long that may take.
final class ControlQuestion {
    private let path: String
    private let request: [UInt8]
    /// Open memory that goes with the request.
    private let attachment: Owned<Descriptor>?
    private let extent: Extent
    private var phase = Phase.connecting
    /// The connection: after the first line of an answer without an end it is the asker's.
    private(set) var socket: Owned<Descriptor>?
    private var answer: [UInt8] = []
    /// How often one that was cut off is asked again: who has nothing to lose by it.
    private var attemptsLeft: Int
    /// What came of it; `nil` as long as nothing has.
    private(set) var outcome: Result<[UInt8], Errno>?

    /// How far an answer goes.
    enum Extent {
        /// To the end of the connection, after a line.
        case whole
        /// To the end of its first line; what comes with it is part of the outcome, and the socket can be taken.
        case line
    }

    private enum Phase { case connecting, sending, receiving }

    /// The longest answer, octets. Ten thousand peers take a tenth of it.
    static let limit = 64 << 20
    /// What is received at once, octets.
    private static let portion = 1 << 18

    /// A question that changes nothing may be `attempts` times asked if the tunnel cuts it off.
    init(_ path: String, _ line: String, attempts: Int = 1, to extent: Extent = .whole) {
        (self.path, request, attemptsLeft) = (path, Array("\(line)\n".utf8), attempts)
        self.extent = extent
        attachment = nil
    }

    /// The same with memory that is handed over.
    init(_ path: String, _ line: String, handing attachment: consuming Descriptor) {
        (self.path, request, attemptsLeft, extent) = (path, Array("\(line)\n".utf8), 1, .whole)
        self.attachment = Owned(attachment)
    }

    /// How much of the answer has come, octets.
    var received: Int { answer.count }

    /// Whether there is nothing to wait for but that others before us are accepted.
    var isInQueue: Bool { phase == .connecting }

    /// What to wait for.
    var interest: Poll.Interest {
        guard let socket else { return .nothing }
        return phase == .sending ? .writing(socket.value) : .reading(socket.value)
    }

    /// Ends it without an answer.
    func giveUp(_ error: Errno) {
        outcome = .failure(error)
        socket = nil
    }

    /// Goes on as far as that is possible without waiting.
    func advance() {
        do throws(Errno) {
            if phase == .connecting { try connect() }
            if phase == .sending { try send() }
            if phase == .receiving { try receive() }
        } catch {
            giveUp(error)
        }
    }

    private func connect() throws(Errno) {
        let socket = try UnixSocket.client()
        guard try UnixSocket.connect(socket, to: path) else { return }
        self.socket = Owned(socket)
        phase = .sending
    }

    private func send() throws(Errno) {
        guard let socket else { return }
        phase = .receiving
        do throws(Errno) {
            // A new connection takes a line at once, or never.
            if let attachment {
                _ = try socket.value.send(request, with: attachment.value)
            } else {
                _ = try socket.value.send(request[...])
            }
        } catch .brokenPipe {
            // Somebody who may ask nothing is told so unasked.
        }
    }

    private func receive() throws(Errno) {
        guard let more = try socket?.value.receiveNow(limit: ControlQuestion.portion) else { return }
        answer += more
        if answer.count > ControlQuestion.limit { throw .fileTooLarge }
        if extent == .line, answer.contains(UInt8(ascii: "\n")) {
            outcome = .success(answer)
        } else if more.isEmpty {
            try end()
        }
    }

    /// The tunnel has closed the connection: after a whole line, or before.
    private func end() throws(Errno) {
        socket = nil
        if extent == .whole, answer.last == UInt8(ascii: "\n") {
            outcome = .success(answer)
            return
        }
        attemptsLeft -= 1
        guard attemptsLeft > 0 else { throw .connectionReset }
        (phase, answer) = (.connecting, [])
    }
}
