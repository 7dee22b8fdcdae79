// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import Wire

/// Sockets that live in another network namespace than the process, opened by a thread that goes there and ends.
///
/// A socket stays where it was opened, whoever uses it. Requires `CAP_SYS_ADMIN`.
package enum NamespaceSocket {
    /// What to open.
    package enum Kind: Sendable {
        /// Sees every IPv4 packet of an interface, both directions, from the IP header on (packet(7)).
        case capture(interface: String)
        /// Waits for a TCP connection.
        case listener(IPv4Address, port: UInt16)
        /// Is connected by TCP, within five seconds.
        case connection(IPv4Address, port: UInt16)
    }

    /// Opens a socket in the namespace that `ip netns` calls `namespace`.
    package static func open(_ kind: Kind, in namespace: String) throws(Errno) -> Descriptor {
        let result = Result()
        try Thread.start("namespace", Opening(kind: kind, namespace: namespace, result: result)).join()
        return Descriptor(owning: result.number)
    }

    /// Written by the thread before it ends, read after it was joined.
    private final class Result: @unchecked Sendable {
        var number: Int32 = -1
    }

    private struct Opening: ThreadWork {
        let kind: Kind
        let namespace: String
        let result: Result

        consuming func run() throws(Errno) {
            let place = try Descriptor.open("/run/netns/\(namespace)", O_RDONLY)
            try checked(clinux_enter_network(place.rawValue))
            result.number = try NamespaceSocket.open(kind).release()
        }
    }

    private static func open(_ kind: Kind) throws(Errno) -> Descriptor {
        switch kind {
        case .capture(let interface): return try capture(interface)
        case .listener(let address, let port):
            let descriptor = try tcp()
            try descriptor.set(SOL_SOCKET, SO_REUSEADDR, to: 1)
            try posix(unsafe withSocketAddress(address, port: port) { unsafe bind(descriptor.rawValue, $0, $1) })
            try posix(listen(descriptor.rawValue, 1))
            return descriptor
        case .connection(let address, let port):
            let descriptor = try tcp()
            try descriptor.setSendTimeout(seconds: 5)
            try posix(unsafe withSocketAddress(address, port: port) { unsafe connect(descriptor.rawValue, $0, $1) })
            return descriptor
        }
    }

    private static func tcp() throws(Errno) -> Descriptor {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        return Descriptor(owning: try posix(socket(AF_INET, type, 0)))
    }

    private static func capture(_ interface: String) throws(Errno) -> Descriptor {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let protocolIPv4 = Int32(UInt16(ETH_P_IP).bigEndian)
        let descriptor = Descriptor(owning: try posix(socket(AF_PACKET, type, protocolIPv4)))
        var address = sockaddr_ll()
        address.sll_family = UInt16(AF_PACKET)
        address.sll_protocol = UInt16(ETH_P_IP).bigEndian
        address.sll_ifindex = Int32(bitPattern: unsafe if_nametoindex(interface))
        let size = socklen_t(MemoryLayout<sockaddr_ll>.size)
        let result = unsafe withUnsafePointer(to: &address) { address in
            // SAFETY: every kind of socket address starts with the same two octets; `size` says where this one ends.
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor.rawValue, $0, size)
            }
        }
        try posix(result)
        return descriptor
    }
}
