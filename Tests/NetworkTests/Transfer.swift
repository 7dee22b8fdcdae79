// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Octets on their way through one TCP connection, until they are told to end; both ends compute a checksum of them.
struct Transfer {
    private let receiver: Running
    private let sender: Running

    /// What became of it.
    struct Ending {
        /// Whether all that was sent arrived, and nothing else.
        let isIntact: Bool
        let octets: Int
        /// The longest time in which nothing arrived, milliseconds.
        let longestGap: Int
    }

    /// Starts a connection to `address`, port 7000, of `host`.
    static func start(from client: Host, to host: Host, at address: String) throws -> Transfer {
        let receiver = try host.start(["/usr/bin/python3", "-u", "-c", receiving, address])
        try receiver.waitFor("listening")
        return Transfer(
            receiver: receiver, sender: try client.start(["/usr/bin/python3", "-u", "-c", sending, address]))
    }

    /// Waits until `megabytes` more have arrived.
    func waitForMore(_ megabytes: Int, within seconds: UInt64 = 20) throws {
        let goal = arrived + megabytes
        try eventually("\(goal) MiB have arrived", within: seconds) { arrived >= goal }
    }

    /// Ends it, and waits until all has arrived.
    func end() throws -> Ending {
        sender.signal(SIGINT)
        #expect(try sender.wait() == 0, "\(sender.text)")
        #expect(try receiver.wait() == 0, "\(receiver.text)")
        let sent = try #require(sender.lines.last).split(separator: " ")
        let received = try #require(receiver.lines.last).split(separator: " ")
        return Ending(
            isIntact: sent[0] == received[0] && sent[1] == received[1], octets: try #require(Int(received[1])),
            longestGap: try #require(Int(received[2])))
    }

    /// Megabytes that have arrived so far.
    private var arrived: Int { receiver.lines.count { $0.hasPrefix("MiB") } }

    private static let receiving = """
        import hashlib, socket, sys, time
        listener = socket.create_server((sys.argv[1], 7000))
        print("listening")
        connection = listener.accept()[0]
        digest, octets, gap, last = hashlib.sha256(), 0, 0, None
        while block := connection.recv(1 << 16):
            now = time.monotonic()
            gap, last = max(gap, now - (last or now)), now
            digest.update(block)
            print("MiB\\n" * ((octets + len(block) >> 20) - (octets >> 20)), end="")
            octets += len(block)
        print(digest.hexdigest(), octets, int(gap * 1000))
        """

    /// Every block differs, so that none can be lost, doubled or moved without being noticed.
    private static let sending = """
        import hashlib, random, signal, socket, sys
        ending = []
        signal.signal(signal.SIGINT, lambda *_: ending.append(True))
        connection = socket.create_connection((sys.argv[1], 7000), timeout=30)
        digest, octets = hashlib.sha256(), 0
        while not ending:
            block = random.Random(octets).randbytes(1 << 15)
            connection.sendall(block)
            digest.update(block)
            octets += len(block)
        connection.close()
        print(digest.hexdigest(), octets)
        """
}
