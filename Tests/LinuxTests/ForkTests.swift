// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// A copy of a process with several threads may do little more than system calls: these do no more.
@Suite struct ForkTests {
    /// What a child heard at its parent's end.
    private enum Heard: Int32 {
        case said = 1
        case missing = 2
    }

    /// Forks a child, lets `end` part from it, and returns what the child heard; it has ended then and is not a zombie.
    private func heard(_ end: (consuming Fork) -> Void) throws -> Heard? {
        let pair = try UnixSocket.pair()
        let its = pair.second.rawValue
        let process = try Fork.start(keeping: [its]) { lifeline in
            let word = lifeline.waitForEnd() == .said ? Heard.said : .missing
            let message = [word.rawValue, getpid()]
            _ = unsafe send(its, message, 8, 0)
        }
        end(process)
        let octets = try #require(try pair.first.receive(limit: 8))
        let numbers = unsafe octets.withUnsafeBytes { bytes in
            (unsafe bytes.loadUnaligned(as: Int32.self), unsafe bytes.loadUnaligned(fromByteOffset: 4, as: Int32.self))
        }
        // One that was cut has been waited for. A zombie would keep the exit tests from seeing their own children.
        while waitpid(numbers.1, nil, 0) < 0, Errno.current == .interrupted {}
        return Heard(rawValue: numbers.0)
    }

    @Test func `a child hears the farewell that was said`() throws {
        #expect(try heard { $0.cut() } == .said)
        #expect(try heard { $0.cut(.said) } == .said)
    }

    @Test func `a child hears that the farewell is missing`() throws {
        #expect(try heard { $0.cut(.missing) } == .missing)
    }

    @Test func `a parent that goes without a word is missed`() throws {
        #expect(try heard { process in _ = consume process } == .missing)
    }

    @Test func `a child that has ended already hears nothing, and nobody minds`() throws {
        let process = try Fork.start(keeping: []) { _ in }
        process.cut(.said)
    }
}
