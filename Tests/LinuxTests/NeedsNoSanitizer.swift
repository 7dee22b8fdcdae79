// SPDX-License-Identifier: Apache-2.0

import Testing

extension Trait where Self == ConditionTrait {
    /// For tests of what is forbidden to everybody and what a sanitizer has to do nevertheless.
    static var needsNoSanitizer: Self {
        #if SANITIZED
            .disabled("a sanitizer does what is forbidden here")
        #else
            .enabled(if: true)
        #endif
    }
}
