// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// A question to a running tunnel.
enum ControlConnection {
    /// How long a tunnel may take to answer, seconds.
    private static let patience = 5
    /// The same for a new configuration, which may have ten thousand peers. Who gave up too early would take back changes
    /// that the tunnel is about to rely on.
    private static let patienceForReload = 15

    /// Sends one line, and returns all that comes back.
    /// - Throws: `Errno.noSuchFile`, `Errno.connectionRefused` when nobody is there.
    static func ask(_ path: String, _ line: String) throws(Errno) -> [UInt8] {
        let socket = try UnixSocket.connect(path)
        do throws(Errno) {
            _ = try socket.send(Array("\(line)\n".utf8)[...])
        } catch .brokenPipe {
            // Somebody who may ask nothing is told so unasked.
        }
        return try answer(on: socket, patience: patience)
    }

    /// The same for a request that changes something.
    /// - Throws: also `Errno.connectionReset` when the tunnel ended before it answered.
    static func order(_ path: String, _ line: String) throws(Errno) -> ControlAnswer {
        try decoded(try ask(path, line))
    }

    /// The same, handing over a sealed memory file.
    static func order(
        _ path: String, _ line: String, handing attachment: borrowing Descriptor
    ) throws(Errno) -> ControlAnswer {
        let socket = try UnixSocket.connect(path)
        _ = try socket.send(Array("\(line)\n".utf8), with: attachment)
        return try decoded(try answer(on: socket, patience: patienceForReload))
    }

    private static func answer(on socket: borrowing Descriptor, patience: Int) throws(Errno) -> [UInt8] {
        try socket.setReceiveTimeout(seconds: patience)
        var bytes: [UInt8] = []
        while true {
            guard let more = try socket.receive(limit: 65_536) else { throw .timedOut }
            if more.isEmpty { return bytes }
            bytes += more
        }
    }

    private static func decoded(_ bytes: [UInt8]) throws(Errno) -> ControlAnswer {
        if bytes.isEmpty { throw .connectionReset }
        guard let answer = ControlAnswer(json: bytes) else { throw .protocolError }
        return answer
    }
}
