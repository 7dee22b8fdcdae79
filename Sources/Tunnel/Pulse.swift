// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Signs of life of a thread that may wait for long: somebody asks, it answers between two batches, or learns that it is to
/// end.
///
/// Who asks has to wake the thread as well. One thread asks, one answers.
public final class Pulse: Sendable {
    private let asked = Atomic<UInt64>(0)
    private let answered = Atomic<UInt64>(0)
    private let isOver = Atomic<Bool>(false)

    /// Nothing asked yet, so that nothing is missing.
    public init() {}

    /// Wants a sign of life.
    public func ask() { asked.wrappingAdd(1, ordering: .releasing) }

    /// The thread is to end when it looks.
    public func end() { isOver.store(true, ordering: .releasing) }

    /// Whether everything that was asked has been answered.
    public var isAnswered: Bool { answered.load(ordering: .acquiring) == asked.load(ordering: .relaxed) }

    /// Answers, for the thread that was asked. Returns whether it is to go on.
    public func answer() -> Bool {
        answered.store(asked.load(ordering: .acquiring), ordering: .releasing)
        return !isOver.load(ordering: .acquiring)
    }
}
