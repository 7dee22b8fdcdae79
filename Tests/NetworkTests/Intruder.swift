// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// Somebody whose code runs inside of a tunnel's daemon, as far as `Tests/Tools/intrude.py` can play him.
struct Intruder {
    let tunnel: Tunnel

    /// A thread of the daemon.
    enum Place: String, CaseIterable {
        case encapsulate, decapsulate
        /// The thread that has the process's own number.
        case main = "iptund"
    }

    /// How a system call went.
    enum Outcome: Equatable {
        /// The number that it returned, -errno if it failed.
        case returned(Int)
        /// The process died of this signal.
        case killed(String)
    }

    /// Whether somebody else, who is `user`, may trace the main thread.
    func canBeTraced(by user: String) throws -> Bool {
        let words = ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", Intruder.tool, "call"]
        let ending = try tunnel.host.run(words + ["\(tunnel.process.id)", "39"])
        return ending.text.hasPrefix("returned ")
    }

    /// The thread's number.
    func thread(_ place: Place) throws -> Int32 {
        let tasks = "/proc/\(tunnel.process.id)/task"
        let found = try Files.entries(tasks).first {
            try Files.read("\(tasks)/\($0)/comm") == "\(place.rawValue)\n"
        }
        return try #require(found.flatMap { Int32($0) }, "a thread called \(place.rawValue)")
    }

    /// Makes a system call as that thread.
    func call(_ number: Int, _ arguments: Int..., at place: Place) throws -> Outcome {
        let words = ["call", "\(try thread(place))", "\(number)"] + arguments.map { "\($0)" }
        let ending = try tunnel.host.run([Intruder.tool] + words)
        let said = ending.text.split { " \n".contains($0) }.map(String.init)
        if said.first == "returned", let value = said.last.flatMap({ Int($0) }) { return .returned(value) }
        guard said.starts(with: ["killed", "by"]) else { throw CommandFailure(words: words, ending: ending) }
        return .killed(said[2])
    }

    /// Whether he can be played here.
    static var isPossible: Bool {
        #if arch(x86_64)
            true
        #else
            false
        #endif
    }

    static let tool =
        #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" }
        + "/Tools/intrude.py"
}
