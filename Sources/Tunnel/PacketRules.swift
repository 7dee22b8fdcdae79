// SPDX-License-Identifier: Apache-2.0

public import Wire

/// What one direction does with a packet: pure, and the same for every packet of a thread.
public protocol PacketRules: Sendable {
    /// What may be replaced while packets pass.
    var rules: RuleSet { get set }

    /// Changes the slot into what is to be delivered. `now` in milliseconds.
    /// - Throws: the reason to drop it; `slot.peer` is set when the peer was known by then.
    func apply(to slot: inout PacketSlot, at now: UInt64) throws(Drop)
}

extension Encapsulation: PacketRules {}
extension Decapsulation: PacketRules {}
