// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import Wire

/// Names of hosts.
package enum Resolver {
    /// The first IPv4 address of `name`.
    package static func address(of name: String) throws(Failure) -> IPv4Address { try addresses(of: name)[0] }

    /// The IPv4 addresses of `name`, at least one, in the order in which they should be tried, and no more than ``most``.
    /// Blocks for as long as the system's resolver does.
    ///
    /// The corresponding C function is `getaddrinfo`.
    /// - Throws: ``Failure`` in the resolver's words.
    package static func addresses(of name: String) throws(Failure) -> [IPv4Address] {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_INET
        unsafe hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var results: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(name, nil, &hints, &results)
        guard status == 0, let first = unsafe results else {
            throw Failure(description: unsafe gai_strerror(status).map { unsafe String(cString: $0) } ?? "unknown name")
        }
        defer { unsafe freeaddrinfo(first) }
        var addresses: [IPv4Address] = []
        var next: UnsafeMutablePointer<addrinfo>? = unsafe first
        while let entry = unsafe next, addresses.count < most {
            // SAFETY: of family AF_INET, as asked for, so the address is a sockaddr_in.
            let address = unsafe entry.pointee.ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                IPv4Address(rawValue: UInt32(bigEndian: unsafe $0.pointee.sin_addr.s_addr))
            }
            if !addresses.contains(address) { addresses.append(address) }
            unsafe next = entry.pointee.ai_next
        }
        return addresses
    }

    /// More addresses than any one host is known to have under a name.
    package static let most = 16

    /// Why a name has no address.
    package struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }
}
