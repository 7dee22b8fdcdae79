// SPDX-License-Identifier: Apache-2.0

import Glibc
@testable import Linux
import Testing
import Wire

@Suite struct SocketOptionsTests {
    private func datagramSocket() throws(Errno) -> Descriptor {
        Descriptor(owning: try posix(socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)))
    }

    private func get(_ socket: borrowing Descriptor, _ level: Int32, _ option: Int32) throws(Errno) -> Int32 {
        var value: Int32 = -1
        var size = socklen_t(MemoryLayout<Int32>.size)
        try posix(unsafe getsockopt(socket.rawValue, level, option, &value, &size))
        return value
    }

    @Test func `an option has the value that it was given`() throws {
        let socket = try datagramSocket()
        for ttl in [1, 64, 255] as [Int32] {
            try socket.set(IPPROTO_IP, IP_TTL, to: ttl)
            #expect(try get(socket, Int32(IPPROTO_IP), IP_TTL) == ttl)
        }
    }

    @Test func `an option that is none, or a value that cannot be, throws why`() throws {
        let socket = try datagramSocket()
        #expect(thrown { () throws(Errno) in try socket.set(IPPROTO_IP, 4711, to: 1) } == .noProtocol)
        #expect(thrown { () throws(Errno) in try socket.set(IPPROTO_IP, IP_TTL, to: 256) } == .invalidArgument)
    }

    @Test func `a buffer gets its size, doubled by the kernel, or as much as the system allows`() throws {
        let socket = try datagramSocket()
        try socket.setBuffer(forced: SO_RCVBUFFORCE, plain: SO_RCVBUF, octets: 4 << 20)
        let size = try get(socket, SOL_SOCKET, SO_RCVBUF)
        if Capability.netAdmin.isEffective {
            #expect(size == 8 << 20)
        } else {
            let limit = try Files.read("/proc/sys/net/core/rmem_max").split(separator: "\n").first.flatMap { Int32($0) }
            #expect(size == min(try #require(limit), 4 << 20) * 2)
        }
    }

    @Test func `a send that does not go through ends with its time`() throws {
        let socket = try datagramSocket()
        try socket.setSendTimeout(seconds: 3)
        var timeout = timeval()
        var size = socklen_t(MemoryLayout<timeval>.size)
        try posix(unsafe getsockopt(socket.rawValue, SOL_SOCKET, SO_SNDTIMEO, &timeout, &size))
        #expect((timeout.tv_sec, timeout.tv_usec) == (3, 0))
    }

    @Test func `a socket address has the octets of the address in network order`() {
        let address = sockaddr_in(IPv4Address(192, 0, 2, 1))
        let octets = unsafe withUnsafeBytes(of: address.sin_addr) { unsafe Array($0) }
        #expect(address.sin_family == sa_family_t(AF_INET))
        #expect(address.sin_port == 0)
        #expect(octets == [192, 0, 2, 1])
    }
}
