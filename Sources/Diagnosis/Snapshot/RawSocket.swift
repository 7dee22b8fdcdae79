// SPDX-License-Identifier: Apache-2.0

/// A raw socket of the network namespace, as /proc/net/raw has it.
package struct RawSocket: Equatable, Sendable {
    /// The IP protocol that it takes; 255 for one that only sends.
    package var ipProtocol: UInt8
    /// The number that its owner's /proc/PID/fd shows.
    package var inode: UInt64
    /// The user that opened it.
    package var uid: UInt32
    /// Packets that it had no room for. A socket that refuses by a filter counts what it refuses, too.
    package var drops: Growth

    /// A socket as the kernel would describe it.
    package init(ipProtocol: UInt8, inode: UInt64, uid: UInt32 = 0, drops: Growth = Growth()) {
        self.ipProtocol = ipProtocol
        self.inode = inode
        self.uid = uid
        self.drops = drops
    }

    /// Reads the text of /proc/net/raw. What does not fit is left out.
    package static func list(_ text: String) -> [RawSocket] {
        // "  4: 00000000:0004 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 26135 2 … 0"
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count >= 13, let port = words[1].split(separator: ":").last,
                let number = UInt8(port, radix: 16), let uid = UInt32(words[7]), let inode = UInt64(words[9]),
                let drops = words.last.flatMap({ UInt64($0) })
            else { return nil }
            return RawSocket(ipProtocol: number, inode: inode, uid: uid, drops: Growth(total: drops))
        }
    }

    /// The sockets of now, with what they dropped since `before`.
    package static func list(_ now: [RawSocket], since before: [RawSocket]) -> [RawSocket] {
        let old = Dictionary(before.map { ($0.inode, $0.drops.total) }, uniquingKeysWith: { first, _ in first })
        return now.map { socket in
            var socket = socket
            socket.drops = Growth(from: old[socket.inode] ?? socket.drops.total, to: socket.drops.total)
            return socket
        }
    }
}
