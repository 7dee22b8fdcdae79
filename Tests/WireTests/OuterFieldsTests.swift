// SPDX-License-Identifier: Apache-2.0

import Testing
import Wire

@Suite struct OuterFieldsTests {
    @Test func `fields are equal when all of them are`() {
        let fields = OuterFields(
            source: IPv4Address(192, 0, 2, 1), destination: IPv4Address(198, 51, 100, 2), trafficClass: 0xb8,
            ttl: .standard, fragmentation: .forbidden)
        var others = [OuterFields](repeating: fields, count: 5)
        #expect(others[0] == fields)
        others[0].source = .unspecified
        others[1].destination = .unspecified
        others[2].trafficClass = 0
        others[3].ttl = .maximum
        others[4].fragmentation = .allowed
        for other in others { #expect(other != fields) }
    }
}
