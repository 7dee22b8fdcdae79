// SPDX-License-Identifier: Apache-2.0

import Testing
import Tunnel

@Suite struct DirectionTests {
    @Test func `the two directions are called what the commands call them`() {
        #expect(Direction.allCases.map(\.rawValue) == ["encapsulate", "decapsulate"])
        #expect(Direction(rawValue: "encapsulate") == .encapsulate)
        #expect(Direction(rawValue: "decapsulate") == .decapsulate)
        #expect(Direction(rawValue: "Encapsulate") == nil)
    }
}
