// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What `iperf3 --json` prints, as far as it is looked at.
struct Stream: Decodable {
    let intervals: [Interval]
    let end: End

    struct Interval: Decodable { let sum: Sum }

    struct End: Decodable {
        let sum: Sum?
        let sent: Sum?
        let received: Sum?
        private enum CodingKeys: String, CodingKey {
            case sum
            case sent = "sum_sent"
            case received = "sum_received"
        }
    }

    struct Sum: Decodable {
        let bytes: Int
        let packets: Int?
        let lost: Int?
        private enum CodingKeys: String, CodingKey {
            case bytes, packets
            case lost = "lost_packets"
        }
    }
}

extension Stream {
    /// One run of iperf3 from client to server.
    static func run(from client: Host, to server: Host, _ options: [String]) throws -> Stream {
        let listener = try server.start(["iperf3", "-s", "-1", "-B", "10.9.0.2"])
        try eventually("iperf3 listens") {
            // Port 5201 in state LISTEN, as the server's network sees it.
            try Files.read("/proc/\(listener.id)/net/tcp").contains(":1451 00000000:0000 0A")
        }
        let ending = try client.run(["iperf3", "--json", "-c", "10.9.0.2"] + options)
        guard ending.status == 0 else { throw CommandFailure(words: ["iperf3"] + options, ending: ending) }
        #expect(try listener.wait() == 0)
        return try decode(ending.text)
    }
}
