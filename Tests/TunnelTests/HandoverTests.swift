// SPDX-License-Identifier: Apache-2.0

import Synchronization
import Testing
import Tunnel

@Suite struct HandoverTests {
    @Test func `what was given is taken once`() {
        let handover = Handover<[Int]>()
        #expect(handover.take() == nil)
        handover.give([1, 2])
        #expect(handover.take() == [1, 2])
        #expect(handover.take() == nil)
        handover.give([3])
        #expect(handover.take() == [3])
    }

    @Test func `only the latest is taken`() {
        let handover = Handover<String>()
        for text in ["one", "two", "three"] { handover.give(text) }
        #expect(handover.take() == "three")
        #expect(handover.take() == nil)
    }

    @Test func `values are freed: when replaced, after they were taken, and with the handover`() {
        let census = Census()
        do {
            let handover = Handover<Census.Member>()
            handover.give(Census.Member(census))
            #expect(census.living.load(ordering: .relaxed) == 1)
            handover.give(Census.Member(census))
            #expect(census.living.load(ordering: .relaxed) == 1)
            _ = handover.take()
            #expect(census.living.load(ordering: .relaxed) == 0)
            handover.give(Census.Member(census))
        }
        #expect(census.living.load(ordering: .relaxed) == 0)
    }

    @Test func `another thread sees whole values, in order, and the last one`() async {
        let handover = Handover<[Int]>()
        let last = 20_000
        let giving = Task.detached {
            for number in 1...last { handover.give([Int](repeating: number, count: 8)) }
        }
        var seen = 0
        var isSound = true
        while seen < last {
            guard let value = handover.take() else {
                await Task.yield()
                continue
            }
            isSound = isSound && value.count == 8 && value[0] > seen && value.allSatisfy { $0 == value[0] }
            seen = value[0]
        }
        await giving.value
        #expect(isSound)
        #expect(seen == last)
        #expect(handover.take() == nil)
    }
}

/// Counts who is alive.
final class Census: Sendable {
    let living = Atomic(0)

    final class Member: Sendable {
        private let census: Census

        init(_ census: Census) {
            self.census = census
            census.living.add(1, ordering: .relaxed)
        }

        deinit { census.living.subtract(1, ordering: .relaxed) }
    }
}
