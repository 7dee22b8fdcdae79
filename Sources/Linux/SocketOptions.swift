// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Wire

/// Options of sockets. The corresponding C function is `setsockopt`.
extension Descriptor {
    /// Sets an option that is a number.
    func set(_ level: some BinaryInteger, _ option: Int32, to value: Int32) throws(Errno) {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        try posix(unsafe setsockopt(rawValue, Int32(level), option, &value, size))
    }

    /// Marks what is sent (SO_MARK). Requires `CAP_NET_ADMIN`, or `CAP_NET_RAW` since Linux 5.17.
    func set(_ mark: PacketMark) throws(Errno) {
        try set(SOL_SOCKET, SO_MARK, to: Int32(bitPattern: mark.value))
    }

    /// Sets a buffer size beyond the system's limit where we may (`CAP_NET_ADMIN`), within it where not.
    func setBuffer(forced: Int32, plain: Int32, octets: Int32) throws(Errno) {
        do throws(Errno) {
            try set(SOL_SOCKET, forced, to: octets)
        } catch .notPermitted {
            try set(SOL_SOCKET, plain, to: octets)
        }
    }

    /// Keeps only the packets that `program` wants. The corresponding C call is `setsockopt(SO_ATTACH_FILTER)`.
    func attach(_ program: [sock_filter]) throws(Errno) {
        var instructions = program
        let result = unsafe instructions.withUnsafeMutableBufferPointer { instructions in
            var program = unsafe sock_fprog(len: UInt16(instructions.count), filter: instructions.baseAddress)
            let size = socklen_t(unsafe MemoryLayout<sock_fprog>.size)
            return unsafe setsockopt(rawValue, SOL_SOCKET, SO_ATTACH_FILTER, &program, size)
        }
        try posix(result)
    }

    /// Makes `address` the other end. The corresponding C function is `connect`.
    func connect(to address: IPv4Address) throws(Errno) {
        try posix(unsafe withSocketAddress(address) { unsafe Glibc.connect(rawValue, $0, $1) })
    }

    /// Makes an address of ours both ends. Bound to it first: of an address that another one of the same network stands
    /// before, the kernel would else make that one the source.
    ///
    /// The corresponding C functions are `bind` and `connect`.
    func join(_ address: IPv4Address) throws(Errno) {
        try posix(unsafe withSocketAddress(address) { unsafe Glibc.bind(rawValue, $0, $1) })
        try connect(to: address)
    }

    /// Forgets the other end. The corresponding C call is `connect` with AF_UNSPEC.
    func disconnect() throws(Errno) {
        var address = sockaddr()
        address.sa_family = sa_family_t(AF_UNSPEC)
        try posix(unsafe Glibc.connect(rawValue, &address, socklen_t(MemoryLayout<sockaddr>.size)))
    }

    /// How long a blocking send may take.
    func setSendTimeout(seconds: Int) throws(Errno) { try setTimeout(SO_SNDTIMEO, seconds) }

    /// How long a blocking receive may take.
    package func setReceiveTimeout(seconds: Int) throws(Errno) { try setTimeout(SO_RCVTIMEO, seconds) }

    private func setTimeout(_ option: Int32, _ seconds: Int) throws(Errno) {
        var timeout = timeval(tv_sec: seconds, tv_usec: 0)
        let size = socklen_t(MemoryLayout<timeval>.size)
        try posix(unsafe setsockopt(rawValue, SOL_SOCKET, option, &timeout, size))
    }
}

/// Calls with a socket address of IPv4; port 0 for raw sockets, which have none.
func withSocketAddress(
    _ address: IPv4Address, port: UInt16 = 0, _ call: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
    var address = sockaddr_in(address)
    address.sin_port = port.bigEndian
    let size = socklen_t(MemoryLayout<sockaddr_in>.size)
    return unsafe withUnsafePointer(to: &address) { address in
        // SAFETY: every kind of socket address starts with the same two octets; `size` says where this one ends.
        unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe call($0, size) }
    }
}

extension sockaddr_in {
    /// A socket address of IPv4, port 0: raw sockets have none.
    init(_ address: IPv4Address) {
        self.init()
        sin_family = sa_family_t(AF_INET)
        sin_addr.s_addr = address.rawValue.bigEndian
    }
}
