// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// `iptund@x.service` of one machine.
struct Unit {
    let container: Container
    let name = "iptund@x.service"

    /// Runs `body` with a machine that has the program and its unit.
    static func open(_ options: [String] = [], _ body: (Unit) throws -> Void) throws {
        let container = try Container(options)
        defer { container.clear() }
        try container.install()
        try body(Unit(container: container))
    }

    /// Writes the tunnel's file.
    func configure(_ text: String) throws { try container.write("/etc/iptund/x.conf", text) }

    /// Adds to the unit, or changes it.
    func override(_ text: String) throws {
        try container.write("/etc/systemd/system/\(name).d/test.conf", "[Service]\n\(text)\n")
        try container.shell("systemctl daemon-reload")
    }

    /// Starts it, which must work.
    func start() throws { try container.shell("systemctl start \(name) || systemctl status \(name)") }

    /// Stops it, which must work.
    func stop() throws { try container.shell("systemctl stop \(name)") }

    /// Starts it where it cannot come up; returns what `systemctl status` shows.
    func startInVain() throws -> String {
        let ending = try container.run(["systemctl", "start", name])
        #expect(ending.status != 0)
        try container.shell("journalctl --sync")
        return try status
    }

    /// What an administrator sees.
    var status: String { get throws { try container.run(["systemctl", "status", "--no-pager", "--full", name]).text } }

    /// One of the properties that systemd shows, such as `ActiveState`.
    func property(_ property: String) throws -> String {
        String(try container.shell("systemctl show -P \(property) \(name)").dropLast())
    }

    /// The same, where it is a number.
    func number(_ name: String) throws -> Int { try #require(Int(try property(name))) }

    /// What the journal has of it.
    var journal: [Substring] { get throws { try container.journal(name) } }

    /// When it was started, each time, in microseconds since the machine out here was.
    var starts: [UInt64] {
        get throws {
            // "[   12.345678] iptund-1-1 systemd[1]: Starting iptund@x.service - IP-in-IP tunnel x..."
            let lines = try container.journal(name, "-o short-monotonic").filter { $0.contains("]: Starting ") }
            return lines.compactMap { UInt64($0.prefix { $0 != "]" }.filter(\.isNumber)) }
        }
    }

    /// Whether systemd calls it active.
    var isActive: Bool { get throws { try property("ActiveState") == "active" } }

    /// The daemon's process, as numbered out here.
    var process: Int32 {
        get throws {
            let inside = try property("MainPID")
            let children = try Files.entries("/proc").compactMap { Int32($0) }
            // "NSpid:  4711  56"
            return try #require(
                children.first { id in
                    // The kernel starts at 300 again after its last number: order says nothing.
                    guard let text = try? Files.read("/proc/\(id)/status"),
                        let line = text.split(separator: "\n").first(where: { $0.hasPrefix("NSpid:") })
                    else { return false }
                    let numbers = line.split(separator: "\t").dropFirst()
                    return numbers.count == 2 && numbers.last == inside[...]
                        && isInside(id)
                })
        }
    }

    /// Its keeper, as numbered out here: the last that it forked.
    var keeper: Int32 {
        get throws {
            let main = try process
            let children = try Files.read("/proc/\(main)/task/\(main)/children").split(separator: " ")
            return try #require(children.compactMap { Int32($0) }.last)
        }
    }

    private func isInside(_ id: Int32) -> Bool {
        Files.linkTarget("/proc/\(id)/ns/pid") == Files.linkTarget("/proc/\(container.leader)/ns/pid")
    }
}
