// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Tunnels that come and go, beside one that stays.
///
/// ```
///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct ManyCyclesTests {
    /// `make soak` does it a hundred times.
    private static let count = Soak.isOn ? 100 : 15

    @Test func `many times up and down leak nothing`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.pair()
            let stays = try a.up("--peer", "192.0.2.99", "--device", "stays", "--allowed-ips", "10.99.0.0/16")
            let before = (a: try Facts(a, stays), b: try b.state)
            for _ in 1...Self.count {
                let processes = [
                    try a.start([Host.program, "up"] + ["--peer", "192.0.2.2", "--allowed-ips", "192.0.0.0/16"]),
                    try b.start([Host.program, "up"] + ["--peer", "192.0.2.1", "--address", "10.9.0.2/32"]),
                ]
                for process in processes { try process.waitFor(" is up: ") }
                for process in processes { process.signal(SIGTERM) }
                for process in processes { #expect(try process.wait() == 0) }
            }
            try eventually("it looks like at the start") { try Facts(a, stays) == before.a }
            #expect(try Facts(a, stays) == before.a)
            #expect(try b.changes(since: before.b) == [])
            #expect(try stays.end() == 0)
        }
    }

    /// What may not grow.
    private struct Facts: Equatable {
        let state: [String]
        /// Of the tunnel that stays.
        let openFiles: Int
        let children: [Int32]
        /// The processes of the host.
        let processes: Set<Substring>

        init(_ host: Host, _ tunnel: Tunnel) throws {
            state = try host.state
            openFiles = try Files.entries("/proc/\(tunnel.process.id)/fd").count
            children = tunnel.process.children
            processes = Set(try Lab.command("ip", "netns", "pids", host.namespace).split(separator: "\n"))
        }
    }
}
