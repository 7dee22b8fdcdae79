// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
package import Wire

/// What the network said about packets that we sent: how often, and what last.
package struct ICMPErrors: Sendable {
    /// How many reports were taken from the error queue.
    package var count = 0
    /// The latest.
    package var last: ICMPError?
}

/// One ICMP error about an outer packet of ours, as the error queue reports it (ip(7), IP_RECVERR).
///
/// Nothing authenticates it: whoever knows both addresses can send one.
package struct ICMPError: Equatable, Sendable {
    /// The ICMP type (RFC 792): 3 destination unreachable, 11 time exceeded, 12 parameter problem.
    package let type: UInt8
    /// What exactly, within the type.
    package let code: UInt8
    /// Who sent it.
    package let offender: IPv4Address

    /// Names every field.
    package init(type: UInt8, code: UInt8, offender: IPv4Address) {
        self.type = type
        self.code = code
        self.offender = offender
    }
}

/// As one number, which fits into a counter: never 0, since no error has type 0.
extension ICMPError {
    /// Packs type, code and offender.
    package var encoded: UInt64 { UInt64(type) << 40 | UInt64(code) << 32 | UInt64(offender.rawValue) }

    /// Unpacks them; `nil` for 0.
    package init?(encoded: UInt64) {
        guard encoded != 0 else { return nil }
        type = UInt8(truncatingIfNeeded: encoded >> 40)
        code = UInt8(truncatingIfNeeded: encoded >> 32)
        offender = IPv4Address(rawValue: UInt32(truncatingIfNeeded: encoded))
    }
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

extension RawSocket {
    /// What was drained since the last call.
    package mutating func takeErrors() -> ICMPErrors {
        defer { errors = ICMPErrors() }
        return errors
    }

    /// Takes all reports from the error queue. The corresponding C call is `recvmsg(MSG_ERRQUEUE)`.
    mutating func drainErrors() throws(Errno) {
        while let report = try nextError() {
            guard let error = report.icmp, watched.contains(report.destination) else { continue }
            errors.count += 1
            errors.last = error
        }
    }

    /// The next report of the queue, with the destination of the packet that it is about: `nil` when it is empty.
    ///
    /// Errors of the host itself have no ICMP message.
    private func nextError() throws(Errno) -> (icmp: ICMPError?, destination: IPv4Address)? {
        var destination = sockaddr_in()
        // Room for sock_extended_err (16 octets) and the offender's address (16), each behind a cmsghdr (16).
        var control: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
        let size = MemoryLayout.size(ofValue: control)
        let result = unsafe withUnsafeMutablePointer(to: &destination) { name in
            unsafe withUnsafeMutableBytes(of: &control) { control in
                var message = unsafe msghdr()
                unsafe message.msg_name = UnsafeMutableRawPointer(name)
                unsafe message.msg_namelen = socklen_t(MemoryLayout<sockaddr_in>.size)
                unsafe message.msg_control = control.baseAddress
                unsafe message.msg_controllen = size
                let flags = Int32(MSG_ERRQUEUE) | Int32(MSG_DONTWAIT)
                return unsafe recvmsg(descriptor.rawValue, &message, flags)
            }
        }
        guard result >= 0 else {
            let error = Errno.current
            if error == .wouldBlock || error == .interrupted { return nil }
            throw error
        }
        // SAFETY: a tuple of integers is plain memory.
        let icmp = unsafe withUnsafeBytes(of: control) { ICMPError(control: unsafe RawSpan(_unsafeBytes: $0)) }
        return (icmp, IPv4Address(rawValue: UInt32(bigEndian: destination.sin_addr.s_addr)))
    }
}

extension ICMPError {
    /// Reads the control message: cmsghdr, then `sock_extended_err`, then the offender as `sockaddr_in`.
    ///
    /// `nil` when the report does not come from ICMP, or is not of this shape.
    init?(control: RawSpan) {
        let payload = MemoryLayout<cmsghdr>.size
        let offender = payload + MemoryLayout<sock_extended_err>.size
        guard control.byteCount >= offender + MemoryLayout<sockaddr_in>.size,
            control.octet(at: payload + 4) == SO_EE_ORIGIN_ICMP
        else { return nil }
        type = control.octet(at: payload + 5)
        code = control.octet(at: payload + 6)
        self.offender = IPv4Address(rawValue: control.uint32(at: offender + 4))
    }
}
