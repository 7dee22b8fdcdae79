// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

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

    /// The supplementary groups of whoever is at the other end, as the kernel noted them when it connected.
    ///
    /// The corresponding C call is `getsockopt(SO_PEERGROUPS)`.
    package func peerGroups() throws(Errno) -> [UInt32] {
        // The kernel says how many there are when there is too little room, even for none.
        var size = socklen_t(0)
        if unsafe getsockopt(rawValue, SOL_SOCKET, SO_PEERGROUPS, nil, &size) == 0 { return [] }
        guard Errno.current == .outOfRange else { throw .current }
        var groups = [UInt32](repeating: 0, count: Int(size) / MemoryLayout<UInt32>.size)
        try posix(unsafe getsockopt(rawValue, SOL_SOCKET, SO_PEERGROUPS, &groups, &size))
        return groups
    }
}
