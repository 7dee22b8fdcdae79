// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// How a tunnel may end, by itself, by force, and with or without somebody left to clean up.
enum WayToEnd: String, CaseIterable, CustomTestStringConvertible {
    case terminated = "SIGTERM"
    case interrupted = "SIGINT"
    case asked = "down"
    case killed = "SIGKILL"
    case killedWithJanitor = "SIGKILL to the janitor, SIGKILL, down"
    case terminatedAlone = "--no-janitor, SIGTERM, down"
    case killedAlone = "--no-janitor, SIGKILL, down"

    var testDescription: String { rawValue }

    /// What `up` is told beside what the tunnel is to be.
    var arguments: [String] {
        switch self {
        case .terminatedAlone, .killedAlone: ["--no-janitor"]
        default: []
        }
    }

    /// Whether the daemon has no say in it.
    var isViolent: Bool { [.killed, .killedWithJanitor, .killedAlone].contains(self) }

    /// Ends a tunnel this way, up to where nobody is left of it. Returns whether it takes a ``Host/down(_:)`` yet.
    func perform(_ tunnel: Tunnel) throws -> Bool {
        switch self {
        case .terminated: #expect(try tunnel.end(SIGTERM) == 0)
        case .interrupted: #expect(try tunnel.end(SIGINT) == 0)
        case .asked:
            try tunnel.host.down(tunnel.name)
            #expect(try tunnel.process.wait() == 0)
        case .killed:
            let janitor = try tunnel.janitor
            #expect(try tunnel.end(SIGKILL) == 128 + SIGKILL)
            try eventually("the janitor is done") { Running.isGone(janitor) }
        case .killedWithJanitor:
            let janitor = try tunnel.janitor
            kill(janitor, SIGKILL)
            try eventually("the janitor is dead") { Running.isGone(janitor) }
            #expect(try tunnel.end(SIGKILL) == 128 + SIGKILL)
            return true
        case .terminatedAlone, .killedAlone:
            #expect(tunnel.process.children == [])
            let isViolent = isViolent
            #expect(try tunnel.end(isViolent ? SIGKILL : SIGTERM) == (isViolent ? 128 + SIGKILL : 0))
            return true
        }
        return false
    }
}

extension Host {
    /// Ends or clears away a tunnel, which must work.
    func down(_ name: String) throws {
        let ending = try iptund("down", name)
        #expect(ending.status == 0, "\(ending.text)")
        #expect(!ending.text.contains("nothing to do"), "\(ending.text)")
        #expect(!ending.text.contains("cannot"), "\(ending.text)")
    }

    /// Expects that nothing is known of a tunnel.
    func expectNothingToDo(_ name: String) throws {
        let ending = try iptund("down", name)
        #expect((ending.status, ending.text) == (0, "\(name): nothing to do\n"))
    }
}
