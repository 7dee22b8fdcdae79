// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// The demo is the first thing that anybody sees, and must leave nothing behind.
@Suite(.needsRoot) struct DemoTests {
    @Test func `it tells its story to the end, and Wireshark can read what it saw`() throws {
        let demo = try Demonstration()
        defer { demo.cleanUp() }
        #expect(try demo.ending() == 0)
        let text = try Files.read(demo.log)
        for part in ["0% packet loss", "protocol                  4 (IPIP)", "echo request", "All taken down"] {
            #expect(text.contains(part), "\(text)")
        }
        let tshark = try ChildProcess.run(["tshark", "-r", demo.pcap, "-Y", "ip.proto == 4", "-c", "4"])
        #expect(tshark.text.contains("Echo (ping) request"))
        #expect(try demo.leftOvers == [])
    }

    @Test(arguments: ["[1]", "[2]", "[4]", "[6]"]) func `interrupted at any step, it takes everything down`(
        step: String
    ) throws {
        let demo = try Demonstration()
        defer { demo.cleanUp() }
        try eventually("step \(step)") { (try? Files.read(demo.log))?.contains(step) == true }
        demo.child.signal(SIGINT)
        #expect(try demo.ending() == 130)
        #expect(try demo.leftOvers == [])
    }

    /// A demo that was just started, with a log and a capture file of its own.
    private struct Demonstration: ~Copyable {
        let child: Linux.ChildProcess
        let log: String
        let pcap: String

        init() throws {
            let name = "/tmp/iptund-demo-test-\(getpid())-\(Clock.wall)"
            log = name + ".log"
            pcap = name + ".pcap"
            child = try ChildProcess.start([Host.program, "demo", "--pcap", pcap], output: .file(log))
        }

        /// Waits for its end: the exit status.
        func ending() throws -> Int32? {
            var status: Int32?
            try eventually("the demo ends", within: 60) {
                status = child.poll()
                return status != nil
            }
            return status
        }

        /// Namespaces and logs of this very demo.
        var leftOvers: [String] {
            get throws {
                try (Files.entries("/run/netns") + Files.entries("/run")).filter {
                    $0.hasPrefix("iptund-demo-\(child.id)-")
                }
            }
        }

        func cleanUp() {
            Files.remove(log)
            Files.remove(pcap)
        }
    }
}
