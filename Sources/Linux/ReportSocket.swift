// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import Wire

/// The socket by which this host tells the senders of inner packets what became of these.
///
/// The kernel writes the IP header, so an error comes from an address of this host, the one that is on the way to whom it is
/// for (RFC 1812 §4.3.2.4). Written into the device instead, an error with an address of ours as its source would be a
/// martian there. Nothing arrives here: a filter drops it.
package struct ReportSocket: ~Copyable, Sendable {
    private let descriptor: Descriptor
    private let messages: Messages

    /// Opens the socket for batches of `capacity` errors, in the network namespace of the calling thread: that of the device.
    ///
    /// The corresponding C function is `socket`. Requires `CAP_NET_RAW`.
    package init(capacity: Int) throws(Errno) {
        let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = Descriptor(owning: try posix(socket(AF_INET, type, Int32(IPPROTO_ICMP))))
        try descriptor.attach([sock_filter(code: UInt16(BPF_RET | BPF_K), jt: 0, jf: 0, k: 0)])
        // What routers say of packets goes before packets (RFC 1812 §4.3.2.5).
        try descriptor.set(IPPROTO_IP, IP_TOS, to: ReportSocket.internetworkControl)
        self.init(descriptor, capacity: capacity)
    }

    private init(_ descriptor: consuming Descriptor, capacity: Int) {
        self.descriptor = descriptor
        messages = Messages(capacity: capacity)
    }

    private static let internetworkControl: Int32 = 0xc0

    /// The same socket with message buffers of its own, for another thread.
    package func duplicate() throws(Errno) -> ReportSocket {
        ReportSocket(try descriptor.duplicate(), capacity: messages.capacity)
    }

    /// Sends the ICMP message of each packet in `batch`, without its IP header, to the destination of that header. A message
    /// that the host refuses is lost: no error is sent about an error. The corresponding C function is `sendmmsg`.
    package func send(_ batch: borrowing PacketBatch) {
        let header = IPv4Packet.minimumHeaderLength
        let count = min(batch.count, messages.capacity)
        for index in 0..<count {
            precondition(batch[index].length >= header)
            let destination = IPv4Address(rawValue: batch[index].bytes.uint32(at: header - 4))
            let length = batch[index].length - header
            // SAFETY: the slot has `length` octets at `address`, and outlives the call to sendmmsg.
            let message = unsafe UnsafeMutableRawBufferPointer(start: batch[index].address + header, count: length)
            unsafe messages.send(index, message, to: destination)
        }
        var next = 0
        while next < count { next += max(1, Int(messages.send(to: descriptor, from: next, count: count - next))) }
    }
}
