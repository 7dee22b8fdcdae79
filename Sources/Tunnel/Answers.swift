// SPDX-License-Identifier: Apache-2.0

public import Wire

/// Writes the ICMP errors that the senders of inner packets get, as far as it is proper to send any.
public struct Answers: ~Copyable, Sendable {
    private var limiter = ICMPLimiter()

    /// Nothing sent so far.
    public init() {}

    /// What became of an answer.
    public enum Outcome: Equatable, Sendable {
        /// It stands in the slot, ready to be delivered.
        case written
        /// There were enough of them lately.
        case suppressed
        /// One does not answer such a packet.
        case improper
    }

    /// Writes `error` about the packet at the start of `bytes`, which may be cut off, into `slot`. `now` in milliseconds.
    ///
    /// It is an error about an inner packet, to its source; that it comes from its destination is no more than a placeholder,
    /// since the kernel puts an address of this host there.
    public mutating func write(
        _ error: ICMPv4Error, about bytes: RawSpan, into slot: inout PacketSlot, at now: UInt64
    ) -> Outcome {
        guard let quote = IPv4Quote(bytes), quote.packet.mayBeAnswered else { return .improper }
        let (source, destination) = (quote.packet.source, quote.packet.destination)
        guard limiter.allows(error, to: source, about: destination, at: now) else { return .suppressed }
        slot.reset()
        slot.place(length: ICMPv4Error.maximumLength)
        var target = slot.mutableBytes
        let length = error.write(about: quote, to: &target)
        slot.strip(to: 0..<length)
        return .written
    }
}
