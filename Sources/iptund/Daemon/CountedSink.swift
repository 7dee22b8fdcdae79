// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Tunnel
internal import Wire

/// A sink whose failures have names: what the operating system refused becomes a ``Drop`` here.
protocol CountedSink: ~Copyable, PacketSink where Failure == Errno {
    /// The reason that is counted when the sink could not deliver a packet.
    static func drop(_ error: Errno) -> Drop
    /// Which half of a tunnel ends here.
    static var direction: Direction { get }
}

extension RawSender: CountedSink {
    static var direction: Direction { .encapsulate }

    /// Why the raw socket did not take a packet (raw(7), send(2)).
    static func drop(_ error: Errno) -> Drop {
        switch error {
        // EINVAL is what a blackhole route says.
        case .networkUnreachable, .hostUnreachable, .connectionRefused, .noProtocol, .invalidArgument: .unreachable
        case .messageTooLong: .exceedsMTU
        case .noBuffers, .wouldBlock: .noBuffers
        case .notPermitted, .permissionDenied: .forbidden
        default: .sendFailed
        }
    }
}

extension TUNDevice: CountedSink {
    static var direction: Direction { .decapsulate }

    /// Why the device did not take a packet (Linux, `tun_get_user`).
    static func drop(_ error: Errno) -> Drop {
        switch error {
        case .inputOutput: .deviceDown
        case .invalidArgument: .writeRejected
        default: .writeFailed
        }
    }
}
