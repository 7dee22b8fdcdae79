// SPDX-License-Identifier: Apache-2.0

/// A name that an interface may have, which is also the tunnel's.
package struct DeviceName: Equatable, Sendable, Hashable {
    /// The name itself.
    package let text: String

    /// `nil` when the kernel would not take it (`dev_valid_name`), or when it means something else to sysctl or to us.
    package init?(_ text: String) {
        let forbidden: Set<Character> = ["/", ":", "%", "@"]
        guard (1...15).contains(text.utf8.count), ![".", "..", "all", "default"].contains(text),
            text.first != "-", text.allSatisfy({ $0.isASCII && !$0.isWhitespace && !forbidden.contains($0) }),
            !text.utf8.contains(where: { $0 < 0x21 || $0 == 0x7f })
        else { return nil }
        self.text = text
    }
}
