// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Numbers that one thread writes and others read, without a lock: the memory behind ``Counters`` and ``Paths``.
///
/// Loads and stores are relaxed: each cell stands for itself, and says nothing about another.
@safe struct AtomicCells: ~Copyable, @unchecked Sendable {
    private let cells: UnsafeMutablePointer<Atomic<UInt64>>
    private let count: Int

    /// That many cells, all 0.
    init(count: Int) {
        self.count = count
        unsafe cells = .allocate(capacity: count)
        for index in 0..<count {
            // SAFETY: index < count, which is what was allocated.
            unsafe (cells + index).initialize(to: Atomic(0))
        }
    }

    deinit {
        // SAFETY: allocated in `init`; whoever owns the cells joins the threads with a reference first.
        unsafe cells.deinitialize(count: count)
        unsafe cells.deallocate()
    }

    /// The cells for another thread, which must end before they do.
    var reference: Reference { unsafe Reference(cells: cells, count: count) }

    /// Cells that somebody else owns.
    @safe struct Reference: @unchecked Sendable {
        private let cells: UnsafeMutablePointer<Atomic<UInt64>>
        private let count: Int

        @unsafe fileprivate init(cells: UnsafeMutablePointer<Atomic<UInt64>>, count: Int) {
            unsafe self.cells = unsafe cells
            self.count = count
        }

        /// The value of a cell. Traps when there is none of that number.
        func load(_ cell: Int) -> UInt64 {
            precondition(cell >= 0 && cell < count)
            // SAFETY: checked above.
            return unsafe cells[cell].load(ordering: .relaxed)
        }

        /// Sets a cell.
        func store(_ value: UInt64, to cell: Int) {
            precondition(cell >= 0 && cell < count)
            // SAFETY: checked above.
            unsafe cells[cell].store(value, ordering: .relaxed)
        }

        /// Adds to a cell that nobody else writes: a load and a store, at a twentieth of the price of an atomic addition.
        func add(_ value: UInt64, to cell: Int) { store(load(cell) &+ value, to: cell) }

        /// Sets a cell that others may write too, if it still has the value `old`.
        func exchange(_ old: UInt64, for new: UInt64, in cell: Int) -> Bool {
            precondition(cell >= 0 && cell < count)
            // SAFETY: checked above.
            return unsafe cells[cell].compareExchange(expected: old, desired: new, ordering: .relaxed).exchanged
        }
    }
}
