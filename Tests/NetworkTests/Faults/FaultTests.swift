// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// What `iptund doctor --json` prints.
struct Diagnoses: Decodable {
    let schema: Int
    let checks: [Check]

    struct Check: Decodable {
        let id: String
        let verdict: String
        let evidence: [String]
        let why: String
        let fix: String?
    }

    /// The ids of those with this verdict, each once.
    func ids(_ verdict: String) -> Set<String> { Set(checks.filter { $0.verdict == verdict }.map(\.id)) }
}

/// One thing goes wrong at a time: `doctor` names it first, and nothing else as broken.
@Suite(.needsRoot)
struct FaultTests {
    @Test(arguments: Fault.all)
    func `doctor names the fault first, and calls nothing else broken`(fault: Fault) throws {
        try Lab.open { lab in
            let ward = try Ward(fault.layout, in: lab)
            try ward.keepTalking()
            try fault.inject(ward)
            let arguments = try fault.arguments ?? [#require(ward.tunnel?.a.name)]
            let ending = try ward.a.run(fault.wrapper + [Host.program, "doctor", "--json"] + arguments)
            let found = try decode(ending.text, as: Diagnoses.self)
            #expect(found.schema == 2)
            #expect(found.checks.first?.id == fault.expected, "\(ending.text)")
            #expect(found.ids("broken") == [fault.expected], "\(ending.text)")
            #expect(found.checks.first?.evidence.isEmpty == false)
            #expect(ending.status == 1)
        }
    }

    @Test(arguments: Ward.Layout.allCases)
    func `where nothing is wrong, nothing is called broken, and there is nothing to warn of`(
        layout: Ward.Layout
    ) throws {
        try Lab.open { lab in
            let ward = try Ward(layout, in: lab)
            try ward.keepTalking()
            let arguments = ward.tunnel.map { [$0.a.name] } ?? ["--peer", "192.0.2.2"]
            let ending = try ward.a.run([Host.program, "doctor", "--json"] + arguments)
            let found = try decode(ending.text, as: Diagnoses.self)
            #expect(found.ids("broken") == [], "\(ending.text)")
            #expect(found.ids("warning") == [], "\(ending.text)")
            #expect(found.ids("unknown") == [], "\(ending.text)")
            #expect(ending.status == 0)
        }
    }
}
