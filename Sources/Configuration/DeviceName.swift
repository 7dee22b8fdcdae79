// SPDX-License-Identifier: Apache-2.0

/// A name that an interface may have, which is also the tunnel's.
package struct DeviceName: Equatable, Sendable, Hashable {
    /// The name itself.
    package let text: String

    /// Letters, digits, `-`, `_` and `.`: `nil` for what the kernel would take beyond these (`dev_valid_name`), and for what
    /// means something else to sysctl or to us. Names stand in commands that people copy, and a leading dot hides a file.
    package init?(_ text: String) {
        guard (1...15).contains(text.utf8.count), !["all", "default"].contains(text),
            text.first != "-", text.first != ".",
            text.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "-_.".contains($0)) })
        else { return nil }
        self.text = text
    }
}
