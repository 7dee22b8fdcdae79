// SPDX-License-Identifier: Apache-2.0

/// Between which devices this host is to forward.
package enum Forwarding: Equatable, Sendable {
    /// None: it is left as it is.
    case off
    /// The tunnel's, and those that lead to the networks that this host is connected to.
    case connected
    /// The tunnel's and these.
    case devices([DeviceName])
}
