// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// One connection to the control socket.
final class ControlClient {
    let socket: Descriptor
    let deadline: UInt64
    private(set) var response: ArraySlice<UInt8>?
    private(set) var isDone = false
    private var request: [UInt8] = []
    private var attachment: [UInt8]?
    /// Whether it may change something.
    let isTrusted: Bool

    private static let requestLimit = 4_096
    private static let attachmentLimit = 64 << 20

    /// - Parameter owner: who may change something, beside root.
    init(_ socket: consuming Descriptor, deadline: UInt64, owner: UInt32) {
        self.deadline = deadline
        let user = try? socket.peerUser().id
        isTrusted = user == 0 || user == owner
        self.socket = socket
    }

    /// Reads on, or writes on.
    func advance(_ answer: (ControlRequest) -> String) {
        do throws(Errno) {
            if response == nil { try read(answer) }
            if let rest = response {
                response = rest.dropFirst(try socket.send(rest))
                isDone = response?.isEmpty == true
            }
        } catch {
            isDone = true
        }
    }

    private func read(_ answer: (ControlRequest) -> String) throws(Errno) {
        guard var message = try socket.receiveMessage(limit: ControlClient.requestLimit) else { return }
        if let memory = message.descriptor.take() {
            // Only who may change something has a reason to hand over anything, which can be large.
            guard isTrusted else { throw .notPermitted }
            attachment = try SealedMemory.read(memory, limit: ControlClient.attachmentLimit)
        }
        request += message.bytes
        if let end = request.firstIndex(of: UInt8(ascii: "\n")), end <= ControlClient.requestLimit {
            let verb = String(decoding: request[..<end], as: UTF8.self)
            // Who gave up has taken back what it did for this already.
            guard attachment == nil || !socket.isAbandoned else { throw .brokenPipe }
            let user = try? socket.peerUser().id
            response = Array(answer(ControlRequest(verb: verb, user: user, attachment: attachment)).utf8)[...]
        } else if message.bytes.isEmpty || request.count > ControlClient.requestLimit {
            isDone = true
        }
    }
}
