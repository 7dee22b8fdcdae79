// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
@testable import iptund

extension ControlServerTests {
    /// A connection that does not wait: what it received, and whether the server has ended it.
    final class Peer {
        private let socket: Descriptor
        private(set) var received: [UInt8] = []
        private(set) var isEnded = false

        init(_ path: String) throws {
            socket = try UnixSocket.connect(path)
            try posix(fcntl(socket.rawValue, F_SETFL, O_NONBLOCK))
        }

        /// What it received, without the end of the line.
        var text: String {
            let text = String(decoding: received, as: UTF8.self)
            return text.hasSuffix("\n") ? String(text.dropLast()) : text
        }

        /// Sends what the server's buffer takes.
        func send(_ text: String) throws(Errno) { _ = try socket.send(Array(text.utf8)[...]) }

        /// The same with an open file.
        func send(_ text: String, with file: borrowing Descriptor) throws(Errno) {
            _ = try socket.send(Array(text.utf8), with: file)
        }

        /// Says that nothing more will be sent.
        func finishSending() { shutdown(socket.rawValue, Int32(SHUT_WR)) }

        /// Takes what there is.
        func read() {
            do throws(Errno) {
                while let bytes = try socket.receive(limit: 65_536) {
                    received += bytes
                    if bytes.isEmpty {
                        isEnded = true
                        return
                    }
                }
            } catch {
                isEnded = true  // ended with something of ours unread
            }
        }
    }

    /// Lets the server wait once, for as long as it asks to, and do what there is to do.
    func step(_ server: inout ControlServer, waiting: Bool = false, answer: (ControlRequest) -> String) throws {
        var interests = server.interests
        try Poll.wait(for: &interests, timeoutMilliseconds: waiting ? server.timeoutMilliseconds : 0)
        server.serve(interests[...], answer: answer)
    }

    /// Lets the server work, and the peers read, until the server has ended all of `peers`.
    func serve(_ server: inout ControlServer, until peers: [Peer], answer: (ControlRequest) -> String) throws {
        let deadline = Clock.milliseconds + 10_000
        while peers.contains(where: { !$0.isEnded }), Clock.milliseconds < deadline {
            try step(&server, answer: answer)
            for peer in peers { peer.read() }
        }
    }

    /// Runs `body` with a server in a directory of its own.
    func withServer(_ body: (inout ControlServer, String) throws -> Void) throws {
        try withTemporaryDirectory { directory in
            var server = try ControlServer(directory + "/control.sock")
            try body(&server, directory + "/control.sock")
        }
    }
}
