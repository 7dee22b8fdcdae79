// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import Wire

/// The raw socket that keeps the kernel from answering for us.
///
/// When no raw socket takes a packet, Linux tells its sender "protocol unreachable" (ICMP 3/2), and a full receive buffer
/// counts as not taking it. A peer's kernel would then report our momentary overload to its users as an unreachable host.
/// This socket drops every packet by a filter, so its buffer is never full, and the kernel is content.
package struct Guard: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Opens the socket. The corresponding C functions are `socket` and `setsockopt(SO_ATTACH_FILTER)`.
    ///
    /// Requires `CAP_NET_RAW`, and `CAP_NET_ADMIN` for the mark before Linux 5.17.
    package init(mark: PacketMark = .standard) throws(Errno) {
        let descriptor = try Descriptor.rawSocket()
        // Anything ever sent through this socket would get a header from the kernel, with an address of this host.
        try descriptor.set(IPPROTO_IP, IP_HDRINCL, to: 0)
        try descriptor.set(mark)
        // BPF_RET | BPF_K with k = 0: keep no octet of any packet.
        try descriptor.attach([sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0)])
        self.init(descriptor)
    }

    private init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
}
