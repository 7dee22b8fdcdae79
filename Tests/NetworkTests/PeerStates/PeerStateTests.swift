// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What `iptund ping --json` prints, as far as tests ask.
struct PingAnswer: Decodable {
    let leg: String
    let target: String?
    let answered: Bool
}

/// States of a peer are told apart as far as they can be, by doctor and by ping, with our address first in the block and
/// with it last; and no end ever asks its own address.
struct PeerStateCheck {
    static func run(_ state: PeerState, _ end: PeerPair.End) throws {
        try Lab.open { lab in
            let pair = try PeerPair(end, in: lab)
            lab.stopKeepers()
            try state.make(pair)
            // Both at once: each takes seconds where nothing answers.
            let ping = try pair.a.start([Host.program, "ping", "--json", "-c", "2", "iptun0", "198.51.100.2"])
            let ending = try pair.a.run([Host.program, "doctor", "--json", "iptun0"])
            let found = try decode(ending.text, as: Diagnoses.self)
            let first = found.checks.first { $0.verdict == "broken" || $0.verdict == "warning" }
            if state.verdict == "ok" {
                #expect(first == nil, "\(ending.text)")
            } else {
                #expect(first.map { state.expected.contains($0.id) } == true, "\(ending.text)")
                #expect(first?.verdict == state.verdict, "\(ending.text)")
            }
            #expect(ending.status == ["ok": 0, "warning": 3][state.verdict] ?? 1)
            _ = try ping.wait()
            let answer = try? decode(ping.text, as: PingAnswer.self)
            #expect(answer?.target != pair.ours)
            if let leg = state.leg { #expect(answer?.leg == leg, "\(ping.text)") }
        }
    }
}

@Suite(.needsRoot) struct PeerStateFirstTests {
    @Test(arguments: PeerState.remote) func `with our address first in the block`(state: PeerState) throws {
        try PeerStateCheck.run(state, .first)
    }
}

@Suite(.needsRoot) struct PeerStateLastTests {
    @Test(arguments: PeerState.remote) func `with our address last in the block`(state: PeerState) throws {
        try PeerStateCheck.run(state, .last)
    }
}

@Suite(.needsRoot) struct PeerStateRejectedTests {
    @Test(arguments: PeerState.rejected) func `rejected, with our address first in the block`(state: PeerState) throws {
        try PeerStateCheck.run(state, .first)
    }

    @Test(arguments: PeerState.rejected) func `rejected, with our address last in the block`(state: PeerState) throws {
        try PeerStateCheck.run(state, .last)
    }
}

@Suite(.needsRoot) struct PeerStateLocalTests {
    @Test(arguments: PeerState.local) func `here, with our address first in the block`(state: PeerState) throws {
        try PeerStateCheck.run(state, .first)
    }

    @Test(arguments: PeerState.local) func `here, with our address last in the block`(state: PeerState) throws {
        try PeerStateCheck.run(state, .last)
    }
}
