// SPDX-License-Identifier: Apache-2.0

/// Who runs `doctor`, and what he may do.
package struct Caller: Equatable, Sendable {
    /// The effective user.
    package var uid: UInt32 = 0
    /// Of the capabilities that `up` needs, those that are missing: `CAP_NET_ADMIN`.
    package var missingCapabilities: [String] = []
    /// Why the TUN driver cannot be opened; `nil` when it can.
    package var driverProblem: DriverProblem?

    /// Why no TUN device can be made.
    package enum DriverProblem: Equatable, Sendable {
        /// There is no /dev/net/tun, or no driver behind it.
        case missing(String)
        /// It is there, and not for this user.
        case forbidden(String)
    }

    /// Root, with all that it needs.
    package init() {}
}
