// SPDX-License-Identifier: Apache-2.0

internal import Synchronization

/// Hands new values to a thread that never waits: it looks between two batches, and takes the latest there is.
///
/// One thread gives, one takes. A value that is replaced before it was taken is never seen.
@safe public final class Handover<Value: Sendable>: @unchecked Sendable {
    private let waiting = unsafe Atomic<UnsafeMutablePointer<Value>?>(nil)

    /// Nothing to take yet.
    public init() {}

    deinit { _ = take() }

    /// Leaves `value` for the other thread.
    public func give(_ value: Value) {
        let box = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        // SAFETY: just allocated. Whoever exchanges the pointer out of the atomic owns it from then on.
        unsafe box.initialize(to: value)
        if let unseen = unsafe waiting.exchange(box, ordering: .acquiringAndReleasing) {
            unsafe unseen.deinitialize(count: 1)
            unsafe unseen.deallocate()
        }
    }

    /// What was left since the last call; `nil` for nothing.
    public func take() -> Value? {
        guard unsafe waiting.load(ordering: .relaxed) != nil,
            let box = unsafe waiting.exchange(nil, ordering: .acquiring)
        else { return nil }
        // SAFETY: the exchange made this thread the only one that knows the pointer.
        defer { unsafe box.deallocate() }
        return unsafe box.move()
    }
}
