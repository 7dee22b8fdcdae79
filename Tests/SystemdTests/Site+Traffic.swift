// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

extension Site {
    /// Sends a stream from `a` to `b` through the tunnel, all of which has to arrive.
    func expectStream(megabytes: Int) throws {
        let listener = try ChildProcess.start(
            ["nsenter", "--target", "\(b.container.leader)", "--net", "iperf3", "-s", "-1", "-B", "10.9.0.2"],
            output: .discarded)
        defer {
            listener.signal(15)
            try? eventually("iperf3 ends") { listener.poll() != nil }
        }
        try eventually("iperf3 listens") {
            // Port 5201 in state LISTEN.
            try Files.read("/proc/\(listener.id)/net/tcp").contains(":1451 00000000:0000 0A")
        }
        let report = try a.container.net("iperf3", "-c", "10.9.0.2", "-n", "\(megabytes)M", "-f", "k")
        #expect(report.contains("receiver"), "\(report)")
    }
}
