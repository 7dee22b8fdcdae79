// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import iptund

@Suite struct SilentNamesTests {
    @Test func `who is silent and not found is lost, once`() {
        var names = SilentNames()
        let early = names.isNotFound(1)
        names.isSilent(1)
        let (first, second) = (names.isNotFound(1), names.isNotFound(1))
        #expect([early, first, second] == [false, true, false])
        #expect(names.lost == [1])
    }

    @Test func `who answers again is not lost any more, and that is said once`() {
        var names = SilentNames()
        names.isSilent(1)
        _ = names.isNotFound(1)
        let (first, second) = (names.isBack(1), names.isBack(1))
        #expect([first, second] == [true, false])
        #expect(!names.contains(1) && names.lost.isEmpty)
        // Silent and found is nothing to come back from.
        names.isSilent(2)
        let third = names.isBack(2)
        #expect(!third)
    }
}
