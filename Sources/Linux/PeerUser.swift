// SPDX-License-Identifier: Apache-2.0

internal import CLinux

/// Who is at the other end of a Unix socket: who connected, or listened, as the kernel noted it then.
package struct PeerUser: Equatable, Sendable {
    /// The effective uid.
    package let id: UInt32
    /// The effective gid: the primary group alone.
    package let group: UInt32
    /// The process, which may have ended; 0 when it is not in a pid namespace that we see.
    package let process: Int32

    /// Somebody, as the kernel would name them.
    package init(id: UInt32, group: UInt32, process: Int32) {
        self.id = id
        self.group = group
        self.process = process
    }
}

extension Descriptor {
    /// Who is at the other end of this connected Unix socket. The corresponding C call is `getsockopt(SO_PEERCRED)`.
    package func peerUser() throws(Errno) -> PeerUser {
        var credentials = clinux_credentials()
        try checked(unsafe clinux_peer_credentials(rawValue, &credentials))
        return PeerUser(id: credentials.user, group: credentials.group, process: credentials.process)
    }
}
