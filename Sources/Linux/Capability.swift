// SPDX-License-Identifier: Apache-2.0

internal import CLibcap
internal import CLinux
internal import Glibc

/// A privilege that a process may hold apart from being root (capabilities(7)).
package struct Capability: Hashable, Sendable {
    /// The number, as the kernel counts them.
    let rawValue: Int32
    /// The name in messages: `CAP_NET_ADMIN`.
    package let name: String

    /// Devices, addresses, routes, large socket buffers.
    package static let netAdmin = Capability(rawValue: CAP_NET_ADMIN, name: "CAP_NET_ADMIN")
    /// Raw sockets.
    package static let netRaw = Capability(rawValue: CAP_NET_RAW, name: "CAP_NET_RAW")
    /// Locking securebits and emptying the bounding set.
    package static let setPCap = Capability(rawValue: CAP_SETPCAP, name: "CAP_SETPCAP")
    /// Becoming another user.
    package static let setUID = Capability(rawValue: CAP_SETUID, name: "CAP_SETUID")
    /// Becoming another group.
    package static let setGID = Capability(rawValue: CAP_SETGID, name: "CAP_SETGID")

    /// Whether this thread may use it now. The corresponding C function is `cap_get_proc`.
    package var isEffective: Bool {
        guard let state = unsafe cap_get_proc() else { return false }
        defer { unsafe cap_free(UnsafeMutableRawPointer(state)) }
        var value = CAP_CLEAR
        return unsafe cap_get_flag(state, rawValue, CAP_EFFECTIVE, &value) == 0 && value == CAP_SET
    }
}
