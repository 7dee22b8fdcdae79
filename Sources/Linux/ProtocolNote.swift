// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Wire

/// What tells the kernel which protocol a packet is of whose header we wrote: a control message for each send.
///
/// The kernel does not look into such a packet. Without this note it takes IPsec policies and routing rules for protocol 4 to
/// be about others, and sends past them (Linux, `raw_sendmsg`; since 6.4, and in the stable kernels of its time).
struct ProtocolNote: BitwiseCopyable {
    private let header = ControlHeader(IPPROTO_IP, IP_PROTOCOL, content: MemoryLayout<Int32>.size)
    private let number: Int32
    /// To where the next one would start.
    private let padding: UInt32 = 0

    /// The note for packets of this protocol. The corresponding C constant is `IP_PROTOCOL`.
    init(_ protocolNumber: IPProtocol) {
        number = Int32(protocolNumber.rawValue)
    }
}

extension Descriptor {
    /// Whether the kernel knows ``ProtocolNote``, for a raw socket for which we write headers.
    ///
    /// Nothing is sent: the kernel stops at the route (MSG_PROBE). A kernel of which only the version is known may have been
    /// mended, or not. The corresponding C function is `sendmmsg`, as for the packets that follow.
    func knowsProtocolNote() -> Bool {
        let messages = Messages(capacity: 1, note: ProtocolNote(.ipip))
        // The shortest packet: a header, of which the kernel reads nothing before it stops.
        let length = IPv4Packet.minimumHeaderLength
        return unsafe withUnsafeTemporaryAllocation(byteCount: length, alignment: 4) { packet in
            unsafe packet.initializeMemory(as: UInt8.self, repeating: 0)
            // SAFETY: the packet outlives the call.
            unsafe messages.send(0, packet, to: IPv4Address(127, 0, 0, 1))
            // Whatever else there may be to say comes after the control message was understood.
            return messages.send(to: self, from: 0, count: 1, flags: Int32(MSG_PROBE)) != -EINVAL
        }
    }
}
