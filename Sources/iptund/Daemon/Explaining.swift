// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// Runs system calls, and turns the one that fails into a ``Complaint``: what was being done, why it failed, what now.
func explaining<Value: ~Copyable>(
    _ what: String, whatNow: String, _ body: () throws(Errno) -> Value
) throws(Complaint) -> Value {
    do throws(Errno) {
        return try body()
    } catch {
        throw Complaint(what, error, whatNow: whatNow)
    }
}
