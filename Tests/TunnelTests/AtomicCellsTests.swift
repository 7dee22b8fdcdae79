// SPDX-License-Identifier: Apache-2.0

import Testing

@testable import Tunnel

@Suite struct AtomicCellsTests {
    @Test func `cells start at 0, and each stands for itself`() {
        let cells = AtomicCells(count: 3)
        let reference = cells.reference
        #expect((0..<3).map(reference.load) == [0, 0, 0])
        reference.store(.max, to: 0)
        reference.store(7, to: 2)
        #expect((0..<3).map(cells.reference.load) == [.max, 0, 7])
    }

    @Test func `adding goes on where the cell stands, and wraps`() {
        let cells = AtomicCells(count: 2)
        let reference = cells.reference
        reference.add(5, to: 1)
        reference.add(6, to: 1)
        #expect(reference.load(1) == 11)
        reference.store(.max, to: 1)
        reference.add(2, to: 1)
        #expect((0..<2).map(cells.reference.load) == [0, 1])
    }

    @Test func `an exchange happens only when the cell holds what was expected`() {
        let cells = AtomicCells(count: 1)
        let reference = cells.reference
        #expect(!reference.exchange(1, for: 9, in: 0))
        #expect(reference.load(0) == 0)
        #expect(reference.exchange(0, for: 9, in: 0))
        #expect(cells.reference.load(0) == 9)
    }

    @Test func `reading before the first cell traps`() async {
        await #expect(processExitsWith: .failure) {
            let cells = AtomicCells(count: 2)
            _ = cells.reference.load(-1)
        }
    }

    @Test func `reading behind the last cell traps`() async {
        await #expect(processExitsWith: .failure) {
            let cells = AtomicCells(count: 2)
            _ = cells.reference.load(2)
        }
    }

    @Test func `writing behind the last cell traps`() async {
        await #expect(processExitsWith: .failure) {
            let cells = AtomicCells(count: 2)
            cells.reference.store(1, to: 2)
        }
    }

    @Test func `exchanging behind the last cell traps`() async {
        await #expect(processExitsWith: .failure) {
            let cells = AtomicCells(count: 2)
            _ = cells.reference.exchange(0, for: 1, in: 2)
        }
    }

    @Test func `exchanges by two threads are all counted`() async {
        let cells = AtomicCells(count: 1)
        let rounds: UInt64 = 10_000
        await withTaskGroup { group in
            for _ in 0..<2 {
                let reference = cells.reference
                group.addTask {
                    for _ in 0..<rounds {
                        var old = reference.load(0)
                        while !reference.exchange(old, for: old + 1, in: 0) { old = reference.load(0) }
                    }
                }
            }
        }
        #expect(cells.reference.load(0) == 2 * rounds)
    }
}
