// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Wire

/// Packets that no honest kernel would send.
extension Host {
    /// Sends each packet, outer header first, exactly as it is but for what the kernel always writes into the outer header:
    /// its length and its checksum.
    func send(_ packets: [CraftedPacket]) throws {
        let wire = try inside { () throws(Errno) in Int(try posix(socket(AF_INET, Int32(SOCK_RAW.rawValue), 255))) }
        defer { close(Int32(wire)) }
        for packet in packets {
            let octets = packet.octets
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = packet.destination.rawValue.bigEndian
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let sent = unsafe withUnsafePointer(to: address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                    unsafe sendto(Int32(wire), octets, octets.count, 0, pointer, size)
                }
            }
            guard sent == octets.count else { throw Errno.current }
        }
    }

    /// Starts to send packets in turn, as fast as it can or with so many seconds in between, until the lab is closed.
    @discardableResult
    func keepSending(_ packets: [CraftedPacket], every seconds: Double? = nil) throws -> Running {
        let words = packets.map { packet in
            let octets = packet.octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            return "\(octets) \(packet.destination)"
        }
        let script = """
            import socket, sys, time
            wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            packets = [(bytes.fromhex(word.split()[0]), (word.split()[1], 0)) for word in sys.argv[2:]]
            while True:
                for octets, address in packets:
                    wire.sendto(octets, address)
                    if sys.argv[1] != "-": time.sleep(float(sys.argv[1]))
            """
        return try start(["/usr/bin/python3", "-c", script, seconds.map { "\($0)" } ?? "-"] + words)
    }

    /// Sends `count` short datagrams to `address` as fast as it can. Whether anybody wants them does not matter.
    func flood(_ address: String, _ count: Int) throws {
        try shell(
            """
            exec /usr/bin/python3 -c 'import socket
            wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for _ in range(\(count)): wire.sendto(bytes(50), ("\(address)", 9))'
            """)
    }

    /// Runs a script that knows scapy, for what scapy is to judge; returns what it printed.
    @discardableResult
    func python(_ script: String) throws -> String {
        let imports = """
            import socket
            from scapy.layers.inet import ICMP, IP
            from scapy.packet import Raw
            from scapy.sendrecv import AsyncSniffer

            """
        let ending = try run(["/usr/bin/python3", "-c", imports + script])
        guard ending.status == 0 else { throw CommandFailure(words: [script], ending: ending) }
        return ending.text
    }
}
