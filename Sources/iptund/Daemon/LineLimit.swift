// SPDX-License-Identifier: Apache-2.0

/// How many lines one event may write to the log: a host with thousands of peers has one uplink.
struct LineLimit {
    private var count = 0

    private static let most = 10

    /// Whether one more may be written.
    mutating func allow() -> Bool {
        count += 1
        return count <= LineLimit.most
    }

    /// How many were not; `nil` when all were.
    var rest: Int? { count > LineLimit.most ? count - LineLimit.most : nil }
}
