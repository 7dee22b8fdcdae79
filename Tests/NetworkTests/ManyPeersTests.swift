// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Thousands of peers in one file.
@Suite(.needsRoot)
struct ManyPeersTests {
    /// `make soak` has ten thousand, for which a debug build on a busy machine takes minutes.
    private static let count = Soak.isOn ? 10_000 : 1_000

    /// Each has an address and a /32 of its own; `last` is where the last one's is.
    private func file(_ lab: Lab, last: String) throws -> String {
        var text = "[Interface]\nAddress = 10.9.0.1/32\n"
        for number in 0..<ManyPeersTests.count {
            let isLast = number == ManyPeersTests.count - 1
            text += "[Peer]\nEndpoint = 172.16.\(number / 250 + 1).\(number % 250 + 1)\n"
            text += "AllowedIPs = \(isLast ? last : "10.100.\(number / 250).\(number % 250)")/32\n"
        }
        return try lab.file("a/many", text)
    }

    @Test func `thousands of peers in one file are checked, set up, shown, reloaded and taken down`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.pair()
            try a.shell("ip address add 172.16.255.254/12 dev eth0")
            let before = try a.state
            let path = try file(lab, last: "10.100.200.1")
            #expect(try a.iptund("check", path).text == "\(path): fine: \(Self.count) peers, device many\n")
            let process = try a.start([Host.program, "up", path])
            try eventually("it is up", within: 60) { process.text.contains(" is up: ") || process.hasEnded }
            #expect(process.lines.count < 40, "\(process.lines.count) lines")
            let tunnel = Tunnel(host: a, process: process, name: "many")
            // A debug build on a busy machine may take longer than `show` waits.
            try eventually("it answers", within: 60) {
                (try? tunnel.report().peers.count) == ManyPeersTests.count
            }
            #expect(try a.device(to: "10.100.200.1") == "many")

            _ = try file(lab, last: "10.200.0.1")
            let reloaded = try a.iptund("reload", "many").text.split(separator: "\n")
            #expect(reloaded.last == "many: 0 peers added, 0 removed, 1 changed, \(Self.count - 1) as they were")
            #expect(reloaded.count == 3)
            #expect(try a.device(to: "10.200.0.1") == "many" && a.device(to: "10.100.3.248") == "many")

            try eventually("it ends", within: 60) { try a.iptund("down", "many").status == 0 && process.hasEnded }
            #expect(try process.wait() == 0)
            #expect(process.lines.count < 60, "\(process.lines.count) lines")
            #expect(try a.changes(since: before) == [])
        }
    }
}
