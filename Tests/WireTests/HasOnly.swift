// SPDX-License-Identifier: Apache-2.0

extension Sequence {
    /// True when there is at least one element and `condition` holds for each.
    ///
    /// `allSatisfy` is true of no elements as well, so a test that expects it may never have looked at anything.
    func hasOnly(where condition: (Element) throws -> Bool) rethrows -> Bool {
        var isEmpty = true
        for element in self {
            guard try condition(element) else { return false }
            isEmpty = false
        }
        return !isEmpty
    }
}
