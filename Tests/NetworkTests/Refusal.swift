// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

extension Host {
    /// Expects that a command ends with `status` and one line for people, and that the host stays as it is.
    @discardableResult
    func refuses(_ words: [String], status: Int32) throws -> String {
        let before = try state
        let ending = try run(words)
        let changes = try changes(since: before)
        #expect(ending.status == status, "\(ending.text)")
        #expect(ending.text.split(separator: "\n", omittingEmptySubsequences: false).count == 2, "\(ending.text)")
        #expect(ending.text.hasPrefix("iptund: ") && ending.text.hasSuffix("\n"))
        #expect(changes == [])
        return ending.text
    }
}

/// Expects a message of the form `iptund: what: why; what now`.
func explains(_ message: String) {
    let parts = message.dropFirst("iptund: ".count).split(separator: "; ", maxSplits: 1)
    #expect(parts.count == 2, "\(message)")
    #expect(parts.first?.contains(": ") == true, "\(message)")
}
