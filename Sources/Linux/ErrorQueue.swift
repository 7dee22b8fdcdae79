// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Wire

/// An element of a socket's error queue (ip(7), IP_RECVERR).
struct QueuedError: Equatable {
    /// What ICMP said; `nil` when the host itself refused a packet.
    let report: ICMPReport?
    /// How much of the packet that it is about was copied, octets.
    let quoteLength: Int
}

extension Errno {
    /// Whether a raw socket with IP_RECVERR may report this about a packet sent before, not about the one just refused.
    ///
    /// All that the kernel makes of an ICMP error (Linux, `icmp_err_convert`): whoever knows both outer addresses can have
    /// any of them reported.
    var isAboutEarlierPacket: Bool {
        switch self {
        case .noProtocol, .hostUnreachable, .networkUnreachable, .connectionRefused, .permissionDenied, .protocolError,
            .messageTooLong, .notSupported, .hostDown, .notOnNetwork:
            true
        default: false
        }
    }
}

extension Descriptor {
    /// Takes the next element from the error queue, and copies what it quotes to `quote`; `nil` when there is none.
    ///
    /// The corresponding C call is `recvmsg(MSG_ERRQUEUE)`.
    @unsafe func nextError(quote: UnsafeMutableRawBufferPointer) throws(Errno) -> QueuedError? {
        // Room for what a socket may have asked for: the error (48 octets), the way (32), a time (32), more than once.
        var control = InlineArray<32, UInt64>(repeating: 0)
        let size = MemoryLayout.size(ofValue: control)
        var piece = unsafe iovec(iov_base: quote.baseAddress, iov_len: quote.count)
        let result = unsafe withUnsafeMutablePointer(to: &piece) { piece in
            unsafe withUnsafeMutableBytes(of: &control) { control in
                var message = unsafe msghdr()
                unsafe message.msg_iov = piece
                unsafe message.msg_iovlen = 1
                unsafe message.msg_control = control.baseAddress
                unsafe message.msg_controllen = size
                return unsafe recvmsg(rawValue, &message, Int32(MSG_ERRQUEUE) | Int32(MSG_DONTWAIT))
            }
        }
        guard result >= 0 else {
            let error = Errno.current
            if error == .wouldBlock || error == .interrupted { return nil }
            throw error
        }
        // SAFETY: integers are plain memory.
        let report = unsafe withUnsafeBytes(of: control) { ICMPReport(control: unsafe RawSpan(_unsafeBytes: $0)) }
        return QueuedError(report: report, quoteLength: result)
    }
}

extension ICMPReport {
    /// Reads the control message IP_RECVERR among others: `sock_extended_err`, then the offender as `sockaddr_in`.
    ///
    /// `nil` when the report does not come from ICMP, or is not of this shape.
    init?(control: RawSpan) {
        let size = MemoryLayout<sock_extended_err>.size
        guard let message = ControlMessage(Int32(IPPROTO_IP), IP_RECVERR, in: control),
            message.content.count >= size + MemoryLayout<sockaddr_in>.size
        else { return nil }
        let error = message.content.lowerBound
        guard control.octet(at: error + 4) == SO_EE_ORIGIN_ICMP else { return nil }
        self.init(
            type: control.octet(at: error + 5), code: control.octet(at: error + 6),
            nextHopMTU: UInt16(clamping: control.number32(at: error + 8)),
            offender: IPv4Address(rawValue: control.uint32(at: error + size + 4)))
    }
}
