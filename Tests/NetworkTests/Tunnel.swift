// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// One end of a tunnel: a running `iptund up`.
struct Tunnel {
    let host: Host
    let process: Running
    /// The tunnel's and its device's name.
    let name: String

    /// What `show --json` says now.
    func report() throws -> Report {
        let ending = try host.iptund("show", name, "--json")
        guard ending.status == 0 else { throw CommandFailure(words: ["show", name], ending: ending) }
        return try #require(try decode(ending.text, as: Document.self).tunnels.first)
    }

    /// What `show --json` says as soon as it is as expected, or else after a few seconds.
    ///
    /// A packet is counted just after it was delivered, so whoever got it may ask too early.
    func report(when isExpected: (Report) -> Bool) throws -> Report {
        var report = try report()
        try? eventually("the report is as expected", within: 5) {
            report = try self.report()
            return isExpected(report)
        }
        return report
    }

    /// Waits until `show --json` says that packets can be sent to a peer, given by its name, host name or address.
    func waitUntilReachable(_ peer: String) throws {
        try waitFor(peer, "is reachable") { $0.problem == nil && $0.endpoint != nil }
    }

    /// Waits until `show --json` says this of a peer, given by its name, host name or address.
    func waitFor(_ peer: String, _ what: String, _ condition: (Report.Peer) -> Bool) throws {
        try eventually("\(peer) \(what)") {
            try report().peers.contains { [$0.name, $0.host, $0.endpoint].contains(peer) && condition($0) }
        }
    }

    /// Ends it and waits; returns the exit status.
    @discardableResult
    func end(_ signal: Int32 = SIGTERM) throws -> Int32 {
        process.signal(signal)
        return try process.wait()
    }

    /// The child that looks after the host and takes the changes back: the last that is forked.
    var keeper: Int32 { get throws { try #require(process.children.last) } }

    /// The changes it printed so far: `[#] ip link set …`.
    var echoes: [String] { process.lines.filter { $0.hasPrefix("[#]") }.map(String.init) }
}

extension Host {
    /// Starts `iptund up` and waits until the tunnel stands.
    func up(_ arguments: String...) throws -> Tunnel { try up(arguments) }

    /// The same; `wrapper` is a program that becomes the one named by its last arguments.
    func up(_ arguments: [String], through wrapper: [String] = []) throws -> Tunnel {
        let process = try start(wrapper + [Host.program, "up"] + arguments)
        try process.waitFor(" is up: ")
        // "iptund: iptun0 is up: 192.0.2.1 to 192.0.2.2"
        let line = try #require(process.lines.first { $0.contains(" is up: ") })
        let name = try #require(line.split(separator: " ").dropFirst().first)
        return Tunnel(host: self, process: process, name: String(name))
    }
}

extension Lab {
    /// A pair of hosts with a tunnel between them.
    ///
    /// ```
    ///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2
    ///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
    /// ```
    func tunnel(a optionsOfA: [String] = [], b optionsOfB: [String] = []) throws -> (a: Tunnel, b: Tunnel) {
        let (a, b) = try pair()
        return (try upA(a, optionsOfA), try upB(b, optionsOfB))
    }

    /// The left end of ``tunnel(a:b:)``.
    func upA(_ a: Host, _ options: [String] = []) throws -> Tunnel {
        try a.up(["--peer", "192.0.2.2", "--address", "10.9.0.1 peer 10.9.0.2"] + options)
    }

    /// The right end of ``tunnel(a:b:)``.
    func upB(_ b: Host, _ options: [String] = []) throws -> Tunnel {
        try b.up(["--peer", "192.0.2.1", "--address", "10.9.0.2 peer 10.9.0.1"] + options)
    }
}
