// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

@Suite struct WakeupTests {
    private func isSignalled(_ wakeup: borrowing Wakeup) throws(Errno) -> Bool {
        var interests = [Poll.Interest.signal(of: wakeup)]
        try Poll.wait(for: &interests, timeoutMilliseconds: 0)
        return interests[0].isReady
    }

    @Test func `a new wake-up wakes nobody`() throws {
        let wakeup = try Wakeup()
        #expect(try !isSignalled(wakeup))
    }

    @Test func `a wake-up that was signalled stays so for everybody who looks`() throws {
        let wakeup = try Wakeup()
        wakeup.signal()
        #expect(try isSignalled(wakeup))
        #expect(try isSignalled(wakeup))
    }

    @Test func `a duplicate is the same wake-up`() throws {
        let wakeup = try Wakeup()
        let duplicate = try wakeup.duplicate()
        duplicate.signal()
        #expect(try isSignalled(wakeup))
        #expect(try isSignalled(duplicate))
    }

    @Test func `signalling many times never blocks`() throws {
        let wakeup = try Wakeup()
        for _ in 0..<1000 { wakeup.signal() }
        #expect(try isSignalled(wakeup))
    }
}
