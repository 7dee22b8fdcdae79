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
    case killedWithKeeper = "SIGKILL to the keeper, SIGKILL, down"
    case terminatedAlone = "SIGKILL to the keeper, SIGTERM, down"
    case killedAlone = "SIGSTOP to the keeper, SIGKILL, SIGKILL to the keeper, down"

    var testDescription: String { rawValue }

    /// Whether a kill switch is to stay: nobody has said that the tunnel is to end for good.
    var leavesKillSwitch: Bool { ![.interrupted, .asked].contains(self) }

    /// Ends a tunnel this way, up to where nobody is left of it. Returns whether it takes a ``Host/down(_:)`` yet.
    func perform(_ tunnel: Tunnel) throws -> Bool {
        switch self {
        case .terminated: #expect(try tunnel.end(SIGTERM) == 0)
        case .interrupted: #expect(try tunnel.end(SIGINT) == 0)
        case .asked:
            try tunnel.host.down(tunnel.name)
            #expect(try tunnel.process.wait() == 0)
        case .killed:
            let keeper = try tunnel.keeper
            #expect(try tunnel.end(SIGKILL) == 128 + SIGKILL)
            try eventually("the keeper is done") { Running.isGone(keeper) }
        case .killedWithKeeper:
            let keeper = try tunnel.keeper
            kill(keeper, SIGKILL)
            try eventually("the keeper is dead") { Running.isGone(keeper) }
            #expect(try tunnel.end(SIGKILL) == 128 + SIGKILL)
            return true
        case .terminatedAlone:
            let keeper = try tunnel.keeper
            kill(keeper, SIGKILL)
            try eventually("the keeper is dead") { Running.isGone(keeper) }
            #expect(try tunnel.end(SIGTERM) == 0)
            return true
        case .killedAlone:
            let keeper = try tunnel.keeper
            kill(keeper, SIGSTOP)
            #expect(try tunnel.end(SIGKILL) == 128 + SIGKILL)
            kill(keeper, SIGKILL)
            try eventually("the keeper is dead") { Running.isGone(keeper) }
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
