// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import Wire

/// Receives copies of the IPv4 packets that come in by one link, before the host's packet filter and routing see them.
///
/// The kernel keeps the first few hundred until they are read. The corresponding C function is `socket(AF_PACKET)`, packet(7).
package final class TransitSocket: Sendable {
    private let descriptor: Descriptor

    /// The addresses of a packet, and its protocol.
    package struct Header: Hashable, Sendable {
        package let source: IPv4Address
        package let destination: IPv4Address
        package let ipProtocol: UInt8
    }

    /// Listens to the link of this number. Requires `CAP_NET_RAW`.
    package init(link index: Int32) throws(Errno) {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        // Of protocol 0: it receives nothing until it is bound to the link.
        descriptor = Descriptor(owning: try posix(socket(AF_PACKET, type, 0)))
        var address = sockaddr_ll()
        address.sll_family = UInt16(AF_PACKET)
        address.sll_protocol = UInt16(ETH_P_IP).bigEndian
        address.sll_ifindex = index
        let size = socklen_t(MemoryLayout<sockaddr_ll>.size)
        let result = unsafe withUnsafePointer(to: &address) { address in
            // SAFETY: every kind of socket address starts with the same two octets; `size` says where this one ends.
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor.rawValue, $0, size)
            }
        }
        try posix(result)
    }

    /// The next packet's header; `nil` when there is none left. One that is too short is passed over.
    package func next() -> Header? {
        var octets = [UInt8](repeating: 0, count: 20)
        while true {
            let count = unsafe recv(descriptor.rawValue, &octets, octets.count, 0)
            if count < 0, Errno.current == .interrupted { continue }
            guard count >= 0 else { return nil }
            guard count == octets.count, octets[0] >> 4 == 4 else { continue }
            return Header(
                source: TransitSocket.address(octets[12..<16]), destination: TransitSocket.address(octets[16..<20]),
                ipProtocol: octets[9])
        }
    }

    private static func address(_ octets: ArraySlice<UInt8>) -> IPv4Address {
        IPv4Address(rawValue: octets.reduce(0) { $0 << 8 | UInt32($1) })
    }
}
