// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Which network the process lives in (network_namespaces(7)).
package struct NetworkNamespace: Equatable, Sendable {
    /// What tells namespaces of this machine apart.
    package let inode: UInt64
    /// Whether it is the one that the machine started with.
    package let isFirst: Bool

    /// The namespace of this thread, and so of the process.
    ///
    /// The first one is told by a setting that exists nowhere else: it governs the whole machine, so the kernel shows
    /// it only there. (Comparing with process 1 would need the right to trace it.)
    package static func current() throws(Errno) -> NetworkNamespace {
        NetworkNamespace(
            inode: try Files.inode("/proc/thread-self/ns/net"),
            isFirst: Files.exists("/proc/sys/net/core/netdev_max_backlog"))
    }
}

/// Other namespaces than the own one, each by a descriptor that also keeps it alive.
extension NetworkNamespace {
    /// What tells the namespace of this thread from every other one since the machine started, those that are gone
    /// included: the kernel gives inodes to new namespaces again, within minutes.
    ///
    /// The corresponding C call is `getsockopt(SO_NETNS_COOKIE)`. Before Linux 5.14 it is the inode.
    package static func identity() throws(Errno) -> UInt64 {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let socket = Descriptor(owning: try posix(Glibc.socket(AF_UNIX, type, 0)))
        var cookie: UInt64 = 0
        var size = socklen_t(MemoryLayout<UInt64>.size)
        guard unsafe getsockopt(socket.rawValue, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &size) == 0 else {
            return try current().inode
        }
        return cookie
    }

    /// Where `ip netns` keeps namespaces by name.
    package static let directory = "/run/netns"

    /// The namespace that `ip netns` calls `name`.
    /// - Throws: `Errno.noSuchFile` when there is none, `Errno.invalidArgument` for what cannot be a name.
    package static func open(named name: String) throws(Errno) -> Descriptor {
        guard !["", ".", ".."].contains(name), !name.contains("/") else { throw .invalidArgument }
        return try Descriptor.open("\(directory)/\(name)", O_RDONLY)
    }

    /// What tells the namespace `place` from others: the ``inode`` that it has from inside.
    package static func inode(of place: borrowing Descriptor) throws(Errno) -> UInt64 {
        var status = stat()
        try posix(unsafe fstat(place.rawValue, &status))
        return UInt64(status.st_ino)
    }

    /// Moves the calling thread to the namespace `place`, runs `body` there, and moves it back, whatever happened.
    ///
    /// Sockets and devices belong to where they were opened, whoever uses them: so a TUN device or a ``Netlink``
    /// session that `body` returns stays there. Other threads notice nothing; a thread or process that `body` starts
    /// stays there too.
    ///
    /// The corresponding C function is `setns`. Requires `CAP_SYS_ADMIN`, and `body` must not give it up: a thread that
    /// could not come back would change the wrong network, so the process ends then.
    /// - Throws: what `body` throws; `Errno.invalidArgument` when `place` is no network namespace.
    package static func inside<Result: ~Copyable>(
        _ place: borrowing Descriptor, _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        let home = try Descriptor.open("/proc/thread-self/ns/net", O_RDONLY)
        try checked(clinux_enter_network(place.rawValue))
        defer {
            let status = clinux_enter_network(home.rawValue)
            precondition(status >= 0, "cannot come back from a network namespace: \(Errno(rawValue: -status))")
        }
        return try body()
    }
}
