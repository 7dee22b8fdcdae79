// SPDX-License-Identifier: Apache-2.0

import Wire

extension Prefix {
    /// A block that a test writes down.
    static func of(_ text: String) -> Prefix {
        guard let prefix = Prefix(text) else { preconditionFailure("\(text) is no block") }
        return prefix
    }
}

extension IPv4Address {
    /// An address that a test writes down.
    static func of(_ text: String) -> IPv4Address {
        guard let address = IPv4Address(text) else { preconditionFailure("\(text) is no address") }
        return address
    }
}
