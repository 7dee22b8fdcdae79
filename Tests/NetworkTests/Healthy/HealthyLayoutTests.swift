// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Set-ups that work: `doctor` calls nothing broken at either end, `status` says up, and `ping` gets an answer.
enum HealthyLayoutCheck {
    static func run(_ layout: HealthyLayout) throws {
        try Lab.open { lab in
            let ends = try layout.build(lab)
            let asking = ends.asking ?? ends.a.host
            if ends.target != "" {
                #expect(try asking.ping(ends.target) > 0, "the layout itself does not work")
                _ = try asking.start(["ping", "-n", "-i", "0.2", ends.target])
            }
            let tunnels = [ends.a, ends.b].compactMap(\.self)
            let examinations = try tunnels.map { try $0.host.start([Host.program, "doctor", "--json", $0.name]) }
            for (tunnel, examination) in zip(tunnels, examinations) {
                let status = try examination.wait()
                let found = try decode(examination.text, as: Diagnoses.self)
                #expect(found.ids("broken") == [], "\(examination.text)")
                #expect(status == 0 || status == 3, "\(examination.text)")
                let line = try tunnel.host.iptund("status", tunnel.name)
                #expect(line.status == 0, "\(line.text)")
            }
        }
    }
}

@Suite(.needsRoot) struct HealthyLayoutTests {
    @Test(arguments: HealthyLayout.firewalls + HealthyLayout.routing)
    func `nothing is called broken`(layout: HealthyLayout) throws { try HealthyLayoutCheck.run(layout) }
}

@Suite(.needsRoot) struct HealthyTunnelTests {
    @Test(arguments: HealthyLayout.tunnels)
    func `nothing is called broken`(layout: HealthyLayout) throws { try HealthyLayoutCheck.run(layout) }
}

/// docs/doctor.md prints the table of layouts; this test keeps it beside the program. It needs no root.
struct HealthyPageTests {
    @Test func `the page has every layout with its source, and no other`() throws {
        let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }
        let lines = try Files.read("\(root)/docs/doctor.md").split(separator: "\n")
        let rows = lines.drop { !$0.hasPrefix("| layout |") }.dropFirst(2).prefix { $0.hasPrefix("|") }
        #expect(rows.map(String.init) == HealthyLayout.all.map { "| \($0.name) | \($0.source) |" })
    }
}
