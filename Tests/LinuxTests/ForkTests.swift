// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// A copy of a process with several threads may do little more than system calls: these do no more.
@Suite struct ForkTests {
    /// What the child writes about its parent's end: `s` or `m`.
    private func heard(_ end: (consuming Fork) -> Void) throws -> [UInt8] {
        let pair = try UnixSocket.pair()
        let its = pair.second.rawValue
        let process = try Fork.start(keeping: [its]) { lifeline in
            var word = lifeline.waitForEnd() == .said ? UInt8(ascii: "s") : UInt8(ascii: "m")
            _ = unsafe send(its, &word, 1, 0)
        }
        end(process)
        return try pair.first.receive(limit: 10) ?? []
    }

    @Test func `a child hears the farewell that was said`() throws {
        #expect(try heard { $0.cut() } == [UInt8(ascii: "s")])
        #expect(try heard { $0.cut(.said) } == [UInt8(ascii: "s")])
    }

    @Test func `a child hears that the farewell is missing`() throws {
        #expect(try heard { $0.cut(.missing) } == [UInt8(ascii: "m")])
    }

    @Test func `a parent that goes without a word is missed`() throws {
        #expect(try heard { process in _ = consume process } == [UInt8(ascii: "m")])
    }

    @Test func `a child that has ended already hears nothing, and nobody minds`() throws {
        let process = try Fork.start(keeping: []) { _ in }
        process.cut(.said)
    }
}
