// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import iptund

@Suite struct MonitorViewTests {
    /// A tunnel with something on each way, one second later.
    static func state(_ change: (inout TunnelReport) -> Void = { _ in }) -> MonitorState {
        var (first, second) = (TunnelReport.sample, TunnelReport.sample)
        change(&first)
        change(&second)
        for index in second.peers.indices {
            second.peers[index].sent.octets += 2048
            second.peers[index].sent.packets += 4
            second.peers[index].received.drops["inner-source", default: 0] += 3
        }
        var state = MonitorState(first, at: 1000)
        state.add(second, at: 2000)
        return state
    }

    private func view(
        _ state: MonitorState, columns: Int = 100, rows: Int = 24, _ parts: MonitorParts = [.peers, .drops]
    ) -> [String] {
        MonitorView(columns: columns, rows: rows, parts: parts, glyphs: .blocks).lines(state)
    }

    @Test func `peers and drops have a line each`() {
        let lines = view(MonitorViewTests.state())
        #expect(lines.count == 24)
        #expect(lines[0].hasPrefix("tunl-b: up 3d 4h, 111.112.101.37 to "))
        #expect(lines.contains { $0.hasPrefix("b  ") && $0.contains("2.00 KiB       4p ") && $0.hasSuffix("  2s") })
        #expect(lines.contains { $0.hasPrefix("received inner-source") && $0.contains("         3          15  ") })
        #expect(lines.contains { $0.hasSuffix("█") })
        #expect(lines.last == "q quits")
    }

    @Test(arguments: [(1, 1), (2, 3), (10, 5), (20, 8), (80, 24), (300, 100)])
    func `whatever the size, no line is too wide and none too many`(columns: Int, rows: Int) {
        let state = MonitorViewTests.state { report in
            report.problem = String(repeating: "a long story ", count: 30)
            report.peers = [TunnelReport.Peer](repeating: report.peers[0], count: 50)
            for index in report.peers.indices { report.peers[index].allowedIPs = ["10.\(index).0.0/16"] }
        }
        for parts: MonitorParts in [.peers, .drops, [.peers, .drops]] {
            let lines = view(state, columns: columns, rows: rows, parts)
            #expect(lines.count == rows)
            #expect(lines.hasOnly { $0.count <= columns })
        }
    }

    @Test func `of more peers than fit the busiest are shown`() {
        let state = MonitorViewTests.state { report in
            report.peers = [TunnelReport.Peer](repeating: report.peers[0], count: 50)
            for index in report.peers.indices { report.peers[index].name = "peer\(index)" }
        }
        let lines = view(state, rows: 12, .peers)
        #expect(lines.contains { $0.hasPrefix("peer0 ") } && !lines.contains { $0.hasPrefix("peer40 ") })
        #expect(lines.contains { $0.hasPrefix("and 4") && $0.hasSuffix(" more, less busy") })
    }

    @Test func `only what was asked for is shown`() {
        let peers = view(MonitorViewTests.state(), .peers)
        #expect(peers.contains { $0.hasPrefix("PEER") } && !peers.contains { $0.hasPrefix("DROPS") })
        var state = MonitorViewTests.state()
        state.add(samples: ["inner-source: 192.0.2.1 > 192.0.2.2: ipip"])
        let drops = view(state, .drops)
        #expect(!drops.contains { $0.hasPrefix("PEER") } && drops.contains { $0.hasPrefix("DROPS") })
        #expect(drops.contains("inner-source: 192.0.2.1 > 192.0.2.2: ipip"))
    }

    @Test func `nobody's name moves the cursor`() {
        let state = MonitorViewTests.state { report in
            (report.peers[0].name, report.problem) = ("\u{1B}[2J\u{1B}]0;x\u{7}", "\u{9B}31m")
        }
        for line in view(state) + [MonitorText.line(state, [.peers, .drops], at: 0)] {
            #expect(!line.unicodeScalars.contains { $0.properties.generalCategory == .control }, "\(line)")
        }
    }

    @Test func `before the first interval there are no rates, nor right after another start`() {
        var state = MonitorState(.sample, at: 0)
        #expect(view(state).contains("the first interval is not over yet"))
        state.add(.sample, at: 1000)
        #expect(state.rates != nil)
        var other = TunnelReport.sample
        other.pid += 1
        state.add(other, at: 2000)
        #expect(state.rates == nil)
    }

    @Test func `no answer is said, until there is one`() {
        var state = MonitorViewTests.state()
        state.add(trouble: "it is busy")
        #expect(view(state).contains("no answer: it is busy"))
        state.add(state.report, at: 3000)
        #expect(!view(state).contains { $0.hasPrefix("no answer") })
    }
}
