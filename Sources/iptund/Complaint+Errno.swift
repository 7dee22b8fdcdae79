// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

extension Complaint {
    /// A failed system call.
    init(_ what: String, _ error: Errno, whatNow: String) {
        self.init(what, why: "\(error)", whatNow: whatNow)
    }
}
