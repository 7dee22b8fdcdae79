// SPDX-License-Identifier: Apache-2.0

/// Where packets come from: a TUN device, a raw socket, an array in a test.
public protocol PacketSource: ~Copyable {
    /// Why the source cannot be used any more.
    associatedtype Failure: Error

    /// Empties `batch`, then fills it in order with the packets that are there, without waiting for more.
    ///
    /// Nothing there is an empty batch, not an error.
    mutating func fill(_ batch: inout PacketBatch) throws(Failure)
}

/// Where packets go.
public protocol PacketSink: ~Copyable {
    /// Why the sink cannot be used any more.
    associatedtype Failure: Error

    /// Delivers the slots whose fate is `pending`, in order, and gives each its fate: delivered, or failed with an errno.
    mutating func drain(_ batch: inout PacketBatch) throws(Failure)
}
