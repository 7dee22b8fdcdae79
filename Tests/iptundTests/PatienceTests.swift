// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import iptund

@Suite struct PatienceTests {
    @Test func `what is right is fine`() {
        var patience = Patience()
        #expect(patience.judge(isWrong: false, at: 0) == .fine)
    }

    @Test func `what is wrong is looked at again, and for good when it has lasted`() {
        var patience = Patience()
        #expect(patience.judge(isWrong: true, at: 1_000) == .again(at: 1_600))
        #expect(patience.judge(isWrong: true, at: 1_300) == .again(at: 1_600))
        #expect(patience.judge(isWrong: true, at: 1_599) == .again(at: 1_600))
        #expect(patience.judge(isWrong: true, at: 1_600) == .over)
        #expect(patience.judge(isWrong: true, at: 9_999) == .over)
    }

    @Test func `what was right in between has its whole time again`() {
        var patience = Patience()
        _ = patience.judge(isWrong: true, at: 1_000)
        #expect(patience.judge(isWrong: false, at: 1_500) == .fine)
        #expect(patience.judge(isWrong: true, at: 1_600) == .again(at: 2_200))
    }
}
