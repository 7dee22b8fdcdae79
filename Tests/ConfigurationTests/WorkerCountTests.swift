// SPDX-License-Identifier: Apache-2.0

import Testing
@testable import Configuration

@Suite struct WorkerCountTests {
    @Test(arguments: [(0, 1), (1, 1), (4, 1), (7, 1), (8, 2), (64, 16), (1_000, 16)])
    func `as many as fit is one for every four processors`(processors: Int, count: Int) {
        #expect(WorkerCount.automatic.count(processors: processors) == count)
        #expect(WorkerCount.fixed(3).count(processors: processors) == 3)
    }
}
