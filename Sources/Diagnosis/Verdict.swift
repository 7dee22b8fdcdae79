// SPDX-License-Identifier: Apache-2.0

/// What a check came to.
package enum Verdict: String, Codable, Sendable, CaseIterable {
    /// As it should be.
    case ok
    /// Worth knowing, and nothing to do.
    case info
    /// It could not be seen: the evidence says why.
    case unknown
    /// It will hurt somebody, or it is the consequence of what is broken elsewhere.
    case warning
    /// Packets are lost because of it.
    case broken
}
