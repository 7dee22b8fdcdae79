// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// One connection to the control socket.
final class ControlClient {
    let socket: Descriptor
    /// The uid of whoever connected.
    let user: UInt32
    let right: ControlAccess.Right
    /// Until when it has to ask, or to take more of what it asked for, milliseconds of ``Clock``.
    private(set) var deadline: UInt64
    /// Until when it has to have all of it.
    private let end: UInt64
    private(set) var response: ArraySlice<UInt8>?
    private(set) var isDone = false
    /// What it is sent without an end; `nil` for a client that asks one question.
    private(set) var stream: TapStream?
    private var request: [UInt8] = []
    private var attachment: [UInt8]?

    private static let requestLimit = 4_096
    private static let attachmentLimit = 64 << 20

    /// How long a client may do nothing, and how long a slow one may take for all, milliseconds.
    static let (patience, most): (UInt64, UInt64) = (2_000, 20_000)

    init(_ socket: consuming Descriptor, user: UInt32, right: ControlAccess.Right, at now: UInt64) {
        self.socket = socket
        self.user = user
        self.right = right
        deadline = now + ControlClient.patience
        end = now + ControlClient.most
    }

    deinit { socket.hangUp() }

    /// Says to somebody who may nothing that it is so, and reads nothing.
    static func refuse(_ socket: consuming Descriptor) {
        let line = ControlClient.line(.forbidden, ControlAccess.refusal)
        _ = try? socket.send(line[...])
        socket.hangUp()
    }

    /// What it is waited for: that it sends, or that it takes something.
    var interest: Poll.Interest {
        response != nil || stream?.isBlocked == true ? .writing(socket) : .reading(socket)
    }

    /// When it has to be looked at, milliseconds of ``Clock``; `nil` for one that has to move itself.
    var dueAt: UInt64? {
        guard let stream else { return deadline }
        return stream.dueAt
    }

    /// Goes on with a client that captures. `isReady` when something came from it.
    func goOn(isReady: Bool, at now: UInt64) {
        guard let stream else { return }
        if isReady, !stream.isBlocked {
            // It has nothing more to say; the end of what it says is how it asks for ours.
            let said = try? socket.receiveNow(limit: 64)
            guard said != nil, said?.isEmpty == true else {
                isDone = true
                return
            }
            stream.finish()
        }
        stream.send(on: socket, at: now)
        if stream.isDone { isDone = true }
    }

    /// Reads on, or writes on.
    func advance(_ answer: (ControlRequest) -> ControlReply) {
        do throws(Errno) {
            if response == nil { try read(answer) }
            if let rest = response {
                let sent = try socket.send(rest)
                response = rest.dropFirst(sent)
                isDone = response?.isEmpty == true
                // A long report takes a client on a busy host more than one turn, and us some time to write.
                if sent > 0 { deadline = min(Clock.milliseconds + ControlClient.patience, end) }
            }
        } catch {
            isDone = true
        }
    }

    private func read(_ answer: (ControlRequest) -> ControlReply) throws(Errno) {
        do throws(Refusal) {
            guard let bytes = try receive() else { return }
            request += bytes
            if let end = request.firstIndex(of: UInt8(ascii: "\n")), end <= ControlClient.requestLimit {
                let verb = String(decoding: request[..<end], as: UTF8.self)
                // Who gave up has taken back what it did for this already.
                if attachment != nil, socket.isAbandoned { throw .isGone }
                switch answer(ControlRequest(verb: verb, right: right, attachment: attachment)) {
                case .line(let line): response = line[...]
                case .stream(let stream): self.stream = stream
                }
            } else if request.count > ControlClient.requestLimit {
                throw .said(.badRequest, "a request has no more than \(ControlClient.requestLimit) octets")
            } else if bytes.isEmpty {
                throw .isGone
            }
        } catch {
            guard case .said(let code, let why) = error else { throw .brokenPipe }
            response = ControlClient.line(code, why)[...]
        }
    }

    /// Why a request is not answered.
    private enum Refusal: Error {
        case said(ControlAnswer.Code, String)
        /// There is nobody to say it to.
        case isGone
    }

    /// What has come, `nil` for nothing yet.
    private func receive() throws(Refusal) -> [UInt8]? {
        do throws(Errno) {
            guard var message = try socket.receiveMessage(limit: ControlClient.requestLimit) else { return nil }
            if let memory = message.descriptor.take() { try attach(memory) }
            return message.bytes
        } catch {
            switch error {
            case .messageTooLong: throw .said(.badAttachment, "one open file at most comes with a request")
            case .permissionDenied: throw .said(.forbidden, "only root may hand over anything")
            case .notPermitted, .fileTooLarge:
                throw .said(.badAttachment, "a configuration comes as sealed memory, 64 MiB at most")
            default: throw .isGone
            }
        }
    }

    private func attach(_ memory: consuming Descriptor) throws(Errno) {
        // Only who may change something has a reason to hand over anything, which can be large.
        guard right == .order else {
            memory.closeAtOnce()
            throw .permissionDenied
        }
        attachment = try SealedMemory.read(memory, limit: ControlClient.attachmentLimit)
    }

    private static func line(_ code: ControlAnswer.Code, _ why: String) -> [UInt8] {
        Array("\(ControlAnswer(code, why).json)\n".utf8)
    }
}
