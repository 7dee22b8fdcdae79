// SPDX-License-Identifier: Apache-2.0

import Synchronization
@testable import iptund

/// What an ``Echo`` prints, to be looked at afterwards.
final class Lines: Sendable {
    private let printed = Mutex<[String]>([])

    /// Everything so far.
    var all: [String] { printed.withLock { $0 } }

    /// An echo that prints here.
    func echo(limit: Int = 20) -> Echo { Echo(limit: limit) { line in self.printed.withLock { $0.append(line) } } }
}

extension Echo {
    /// For tests that do not care what is printed.
    static let silent = Echo(limit: 0) { _ in }
}
