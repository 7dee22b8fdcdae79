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
        let next: String?
        let tunnel: String?
    }

    /// The ids of those with this verdict, each once.
    func ids(_ verdict: String) -> Set<String> { Set(checks.filter { $0.verdict == verdict }.map(\.id)) }
}

/// One thing goes wrong at a time: `doctor` names it first, and nothing else as broken. The command that it prints to mend it
/// mends it, and changes nothing else.
struct FaultCheck {
    static func run(_ fault: Fault) throws {
        try Lab.open { lab in
            let ward = try Ward(fault.layout, in: lab)
            try ward.keepTalking()
            lab.stopKeepers()
            try fault.inject(ward)
            let arguments = fault.arguments ?? ward.tunnel.map { [$0.a.name] } ?? []
            let (found, status, text) = try examine(ward.a, fault, arguments)
            #expect(found.schema == 2)
            #expect(found.checks.first?.id == fault.expected, "\(text)")
            #expect(found.ids("broken") == (fault.verdict == "broken" ? [fault.expected] : []), "\(text)")
            #expect(found.checks.first?.verdict == fault.verdict, "\(text)")
            #expect(found.checks.first?.evidence.isEmpty == false)
            #expect(status == (fault.verdict == "broken" ? 1 : 3))
            // In what a program like unshare(1) makes for doctor alone nothing can be mended.
            guard let fix = found.checks.first?.fix, fault.wrapper.isEmpty else { return }
            if fix.contains("iptund ") { lab.stopKeepers(false) }
            try apply(fix, in: ward)
            let (after, _, rest) = try examine(ward.a, fault, arguments)
            let left = after.checks.filter { $0.id == fault.expected && ["broken", "warning"].contains($0.verdict) }
            #expect(left.isEmpty, "after \(fix): \(rest)")
            if !fault.lingers { #expect(after.ids("broken") == [], "after \(fix): \(rest)") }
        }
    }

    private static func examine(
        _ host: Host, _ fault: Fault, _ arguments: [String]
    ) throws -> (found: Diagnoses, status: Int32, text: String) {
        let ending = try host.run(fault.wrapper + [Host.program, "doctor", "--json"] + arguments)
        return (try decode(ending.text, as: Diagnoses.self), ending.status, ending.text)
    }

    /// Types the command where it says that it belongs. Every line that it changes of what `ip`, `nft` and sysctl list has to
    /// share a word with it.
    private static func apply(_ fix: String, in ward: Ward) throws {
        var (host, command) = (ward.a, fix)
        if fix.hasPrefix("on "), let end = fix.firstIndex(of: ":") {
            let address = fix[fix.index(fix.startIndex, offsetBy: 3)..<end]
            host = ["192.0.2.2", "198.51.100.2"].contains(address) ? ward.b : try #require(ward.router)
            command = String(fix[fix.index(end, offsetBy: 2)...])
        }
        if command.hasPrefix("iptund up ") {
            _ = try host.up(command.split(separator: " ").dropFirst(2).map(String.init))
            return
        }
        let before = try host.listing
        let program = Host.program.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        try host.shell("PATH=\(program):$PATH; \(command)")
        let words = Set(command.split { " =./&{}\"".contains($0) }.map(String.init)).subtracting([
            "ip", "add", "dev", "0",
        ])
        let changed = try host.listing.symmetricDifference(before)
        // A brace alone belongs to the line before it.
        for line in changed where line != "}" {
            #expect(words.contains { line.contains($0) }, "\(fix) also changes: \(line)")
        }
        #expect(changed.count <= 24, "\(fix) changes \(changed.sorted())")
    }
}

extension Host {
    /// All that a command could change of the host, a line each. What `ip` says on its standard error is left out, as are names of
    /// namespaces: it asks for all of /run/netns, where other tests delete theirs meanwhile.
    fileprivate var listing: Set<String> {
        get throws {
            let text = try shell(
                """
                ip -4 -o address 2>/dev/null; ip -o link 2>/dev/null | sed 's/ state .*//'
                ip route show table all; ip rule; ip xfrm policy | paste -sd' '
                ip neigh show proxy; nft list ruleset
                grep -H . /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv4/conf/*/* 2>/dev/null || true
                """)
            return Set(
                text.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace).joined(separator: " ") })
        }
    }
}

@Suite(.needsRoot) struct HostFaultTests {
    @Test(arguments: Fault.host + Fault.traffic)
    func `doctor names the fault first, and calls nothing else broken`(fault: Fault) throws {
        try FaultCheck.run(fault)
    }
}

@Suite(.needsRoot) struct NetfilterFaultTests {
    @Test(arguments: Fault.netfilter)
    func `doctor names the fault first, and calls nothing else broken`(fault: Fault) throws {
        try FaultCheck.run(fault)
    }
}

@Suite(.needsRoot) struct ProbeFaultTests {
    @Test(arguments: Fault.probes)
    func `doctor names the fault first, and calls nothing else broken`(fault: Fault) throws {
        try FaultCheck.run(fault)
    }
}

@Suite(.needsRoot) struct OutsideFaultTests {
    @Test(arguments: Fault.outside)
    func `doctor names the fault first, and calls nothing else broken`(fault: Fault) throws {
        try FaultCheck.run(fault)
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
