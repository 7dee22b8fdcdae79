// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// A second protocol 4 socket that takes nothing, so that the kernel never answers for us.
///
/// When no raw socket takes a packet, Linux tells its sender "protocol unreachable" (ICMP 3/2), and a full receive buffer
/// counts as not taking it. A peer's kernel would then report our momentary overload to its users as an unreachable host.
/// This socket's filter drops every packet, so its buffer is never full, and the kernel is content.
package struct GuardSocket: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Opens the socket. The corresponding C call is `setsockopt(SO_ATTACH_FILTER)`. Requires `CAP_NET_RAW`.
    package init() throws(Errno) {
        let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Descriptor(owning: try posix(socket(AF_INET, type, Int32(IPPROTO_IPIP))))
        // Like the data socket: no forged ICMP may teach the kernel a path MTU through it.
        try descriptor.set(IPPROTO_IP, IP_MTU_DISCOVER, to: IP_PMTUDISC_OMIT)
        // BPF_RET | BPF_K with k = 0: keep no octet of any packet.
        var instruction = sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0)
        let result = unsafe withUnsafeMutablePointer(to: &instruction) { instruction in
            var program = unsafe sock_fprog(len: 1, filter: instruction)
            let size = socklen_t(unsafe MemoryLayout<sock_fprog>.size)
            return unsafe setsockopt(descriptor.rawValue, SOL_SOCKET, SO_ATTACH_FILTER, &program, size)
        }
        try posix(result)
        self.descriptor = descriptor
    }
}
