// SPDX-License-Identifier: Apache-2.0

import Linux

/// Packets that no honest kernel would send, by scapy.
extension Host {
    /// Sends each packet of a list, outer header first, exactly as it is. `packets` is Python, with scapy's `IP`, `ICMP`
    /// and `Raw` at hand, and `outer(inner)`: octets from the left host of a pair to the right one.
    func send(_ packets: String) throws {
        try python(
            """
            def outer(inner): return IP(src="192.0.2.1", dst="192.0.2.2", proto=4) / Raw(bytes(inner))
            wire = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            for packet in \(packets):
                wire.sendto(bytes(packet), (packet.dst, 0))
            """)
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

    /// Runs a script that knows scapy; returns what it printed.
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
