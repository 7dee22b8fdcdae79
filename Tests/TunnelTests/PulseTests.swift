// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel

@Suite struct PulseTests {
    @Test func `nobody asked, so nothing is missing`() { #expect(Pulse().isAnswered) }

    @Test func `a call is open until it is answered`() {
        let pulse = Pulse()
        pulse.ask()
        #expect(!pulse.isAnswered)
        #expect(pulse.answer())
        #expect(pulse.isAnswered)
    }

    @Test func `one answer is for all calls before it, and for none after it`() {
        let pulse = Pulse()
        pulse.ask()
        pulse.ask()
        #expect(pulse.answer())
        #expect(pulse.isAnswered)
        pulse.ask()
        #expect(!pulse.isAnswered)
    }

    @Test func `who is told to end learns it with its answer, and goes on hearing it`() {
        let pulse = Pulse()
        pulse.ask()
        pulse.end()
        #expect(!pulse.answer())
        #expect(!pulse.answer())
        #expect(pulse.isAnswered)
    }
}
