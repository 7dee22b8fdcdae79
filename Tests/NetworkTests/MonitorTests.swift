// SPDX-License-Identifier: Apache-2.0

import FoundationEssentials
import Linux
import Testing

/// What `iptund monitor` shows of a tunnel that carries and drops something.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct MonitorTests {
    private struct Interval: Decodable {
        let schema: Int
        let state: String
        let seconds: Double?
        let peers: [Peer]?
        let drops: [Drop]?
        let samples: [String]?

        struct Peer: Decodable {
            let peer: String
            let sent: Transfer
        }

        struct Transfer: Decodable { let packets_per_second: Double }

        struct Drop: Decodable {
            let direction: String
            let reason: String
            let total: Int
        }
    }

    private func intervals(_ text: String) throws -> [Interval] {
        try text.split(separator: "\n").map { try decode("\($0)", as: Interval.self) }
    }

    @Test func `each interval is a line, with what passed in it`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            let monitor = try a.host.start([Host.program, "monitor", "iptun0", "--json", "--interval", "0.2"])
            try eventually("what was sent is shown") {
                _ = try a.host.ping("10.9.0.2", count: 1)
                let seen = try intervals(monitor.lines.dropLast().joined(separator: "\n"))
                return seen.contains { $0.peers?.first.map { $0.sent.packets_per_second > 0 } ?? false }
            }
            let seen = try intervals(monitor.lines.dropLast().joined(separator: "\n"))
            #expect(seen.hasOnly { $0.schema == 2 && $0.state == "up" && $0.drops != nil })
            #expect(seen.compactMap { $0.peers?.first?.peer }.hasOnly { $0 == "192.0.2.2" })
            let plain = try a.host.iptund("monitor", "iptun0", "--interval", "0.1", "--count", "2")
            #expect(plain.status == 0, "\(plain.text)")
            #expect(plain.text.split(separator: "\n").count == 2)
            #expect(plain.text.contains("Z iptun0 up; 192.0.2.2: sent "))
            try a.end()
            #expect(try monitor.wait() == 1)
            #expect(monitor.lines.last?.contains("tunnel iptun0 has ended: ") == true)
            let gone = try a.host.iptund("monitor", "iptun0")
            #expect(gone.status == 1)
            #expect(gone.text.hasPrefix("iptund: no tunnel 'iptun0' is up here: "))
        }
    }

    @Test func `drops come with the headers of what was dropped`() throws {
        try Lab.open { lab in
            let (a, b) = try lab.tunnel(b: ["--allowed-ips", "10.9.0.1/32"])
            try a.host.shell("ip address add 10.66.0.1/32 dev lo")
            let monitor = try b.host.start(
                [Host.program, "monitor", "iptun0", "--drops", "--json", "--interval", "0.2"])
            try eventually("it watches") { !monitor.lines.isEmpty }
            #expect(try a.host.ping("10.9.0.2", count: 2, "-I", "10.66.0.1", "-W", "0.2") == 0)
            try eventually("a header is shown") {
                try intervals(monitor.lines.dropLast().joined(separator: "\n")).contains {
                    $0.samples?.isEmpty == false
                }
            }
            let seen = try intervals(monitor.lines.dropLast().joined(separator: "\n"))
            #expect(
                seen.compactMap(\.samples).joined().contains {
                    $0.contains("received inner-source: 192.0.2.1 > 192.0.2.2: ipip 10.66.0.1 > 10.9.0.2")
                })
            #expect(seen.last?.drops?.contains { $0.reason == "inner-source" && $0.direction == "decapsulate" } == true)
            #expect(seen.hasOnly { $0.peers == nil })
        }
    }

    @Test func `whatever ends it, the terminal is as before`() throws {
        let tool = #filePath.replacing("NetworkTests/MonitorTests.swift", with: "Tools/terminal.py")
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            for (action, entered) in [("q", 1), ("term", 1), ("hangup", 1), ("stop", 2), ("resize", 1)] {
                let words = ["python3", tool, action, "PEER", Host.program, "monitor", "iptun0", "--interval", "0.2"]
                let ending = try a.host.run(words)
                #expect(ending.status == 0, "\(action): \(ending.text)")
                let expected = "status 0 restored True left True entered \(entered) widest "
                #expect(ending.text.hasPrefix(expected), "\(action): \(ending.text)")
                let widest = ending.text.split(separator: " ").last.flatMap { Int($0.filter(\.isNumber)) } ?? 999
                #expect(widest <= (action == "resize" ? 60 : 80), "\(action)")
            }
            // A terminal that is stopped shows nothing any more, but holds nobody up.
            let frozen = try a.host.run(
                ["python3", tool, "freeze", "PEER", Host.program, "monitor", "iptun0", "--interval", "0.2"])
            #expect(frozen.text.hasPrefix("status 0 restored True "), "\(frozen.text)")
        }
    }

    @Test(arguments: [["--interval", "0"], ["--interval", "4000"], ["--count", "0"], ["--interval", "nan"]])
    func `wrong usage is said`(arguments: [String]) throws {
        try Lab.open { lab in
            let a = try lab.host("a")
            _ = try a.refuses([Host.program, "monitor", "iptun0"] + arguments, status: 2)
        }
    }
}
