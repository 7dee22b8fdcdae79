// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Which network the process lives in (network_namespaces(7)).
package struct NetworkNamespace: Equatable, Sendable {
    /// What tells namespaces of this machine apart.
    package let inode: UInt64
    /// Whether it is the one that the machine started with.
    package let isFirst: Bool

    /// The namespace of this thread, and so of the process.
    ///
    /// The first one is told by a setting that exists nowhere else: it governs the whole machine, so the kernel shows it
    /// only there. (Comparing with process 1 would need the right to trace it.)
    package static func current() throws(Errno) -> NetworkNamespace {
        NetworkNamespace(
            inode: try Files.inode("/proc/thread-self/ns/net"),
            isFirst: Files.exists("/proc/sys/net/core/netdev_max_backlog"))
    }
}
