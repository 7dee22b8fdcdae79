// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import Wire

/// Sends single inner packets to peers, beside the data path: the kernel writes the outer header.
///
/// Nothing arrives here: a filter drops it, as it does for ``Guard``.
package struct OuterSocket: ~Copyable, Sendable {
    private let descriptor: Descriptor

    /// Opens the socket. Outer packets are marked as those of the data path are.
    ///
    /// Requires `CAP_NET_RAW`, and `CAP_NET_ADMIN` for the mark before Linux 5.17.
    package init(mark: PacketMark = .standard) throws(Errno) {
        let descriptor = try Descriptor.rawSocket()
        try descriptor.attach([sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0)])
        try descriptor.set(IPPROTO_IP, IP_HDRINCL, to: 0)
        try descriptor.set(mark)
        try descriptor.set(IPPROTO_IP, IP_MTU_DISCOVER, to: IP_PMTUDISC_PROBE)
        self.init(descriptor)
    }

    private init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }

    /// Sends `inner` from `local` to `peer` in an outer packet with this TTL, without waiting. The corresponding C function is `sendmsg`.
    package func send(_ inner: [UInt8], to peer: IPv4Address, from local: IPv4Address, ttl: TTL) throws(Errno) {
        try descriptor.send(inner, to: peer, from: local, ttl: ttl)
    }
}
