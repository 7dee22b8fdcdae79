// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import Wire

/// Names of hosts.
package enum Resolver {
    /// The first IPv4 address of `name`. Blocks for as long as the system's resolver does.
    ///
    /// The corresponding C function is `getaddrinfo`.
    /// - Throws: ``Failure`` in the resolver's words.
    package static func address(of name: String) throws(Failure) -> IPv4Address {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_INET
        unsafe hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var results: UnsafeMutablePointer<addrinfo>?
        let status = unsafe getaddrinfo(name, nil, &hints, &results)
        guard status == 0, let first = unsafe results else {
            throw Failure(description: unsafe gai_strerror(status).map { unsafe String(cString: $0) } ?? "unknown name")
        }
        defer { unsafe freeaddrinfo(first) }
        // SAFETY: of family AF_INET, as asked for, so the address is a sockaddr_in.
        return unsafe first.pointee.ai_addr.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            IPv4Address(rawValue: UInt32(bigEndian: unsafe $0.pointee.sin_addr.s_addr))
        }
    }

    /// Why a name has no address.
    package struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
        package let description: String
    }
}
