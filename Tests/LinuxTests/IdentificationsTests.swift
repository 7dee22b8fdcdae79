// SPDX-License-Identifier: Apache-2.0

@testable import Linux
import Testing

struct IdentificationsTests {
    @Test(arguments: 1...16) func `all identifications but 0 are shared out, each to one worker`(count: Int) {
        var seen: [UInt16: Int] = [:]
        for worker in 0..<count {
            var identifications = Identifications(worker: worker, of: count)
            let first = identifications.current
            repeat {
                seen[identifications.current, default: 0] += 1
                identifications.advance()
            } while identifications.current != first
        }
        #expect(seen.count == 65_535)
        #expect(seen[0] == nil)
        #expect(seen.values.hasOnly { $0 == 1 })
    }

    @Test func `the next is another than the last`() {
        var identifications = Identifications(worker: 0, of: 1)
        for _ in 0..<70_000 {
            let last = identifications.current
            identifications.advance()
            #expect(identifications.current == (last == .max ? 1 : last + 1))
        }
    }
}
