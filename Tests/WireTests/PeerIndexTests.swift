// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct PeerIndexTests {
    @Test func `peers are told apart by their place`() {
        #expect(PeerIndex(rawValue: 3) == PeerIndex(rawValue: 3))
        #expect(Set((0..<100).map { PeerIndex(rawValue: $0 % 10) }).count == 10)
        #expect(PeerIndex(rawValue: .max).rawValue == .max)
    }
}
