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
        // Room for sock_extended_err (16 octets) and the offender's address (16), each behind a cmsghdr (16).
        var control: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
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
        // SAFETY: a tuple of integers is plain memory.
        let report = unsafe withUnsafeBytes(of: control) { ICMPReport(control: unsafe RawSpan(_unsafeBytes: $0)) }
        return QueuedError(report: report, quoteLength: result)
    }
}

extension ICMPReport {
    /// Reads the control message: cmsghdr, then `sock_extended_err`, then the offender as `sockaddr_in`.
    ///
    /// `nil` when the report does not come from ICMP, or is not of this shape.
    init?(control: RawSpan) {
        let payload = MemoryLayout<cmsghdr>.size
        let offender = payload + MemoryLayout<sock_extended_err>.size
        guard control.byteCount >= offender + MemoryLayout<sockaddr_in>.size,
            control.octet(at: payload + 4) == SO_EE_ORIGIN_ICMP
        else { return nil }
        // `ee_info` is a number of this machine, not of the network.
        let information = control.uint32(at: payload + 8).bigEndian
        self.init(
            type: control.octet(at: payload + 5), code: control.octet(at: payload + 6),
            nextHopMTU: UInt16(clamping: information), offender: IPv4Address(rawValue: control.uint32(at: offender + 4))
        )
    }
}
