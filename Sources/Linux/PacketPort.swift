// SPDX-License-Identifier: Apache-2.0

/// An end of the data path that one can wait for.
package protocol PacketPort: ~Copyable, Sendable {
    /// What to wait for until there is something to read.
    var waitable: Int32 { get }
}

extension TUNDevice: PacketPort {
    package var waitable: Int32 { descriptor.rawValue }
}

extension RawReceiver: PacketPort {
    package var waitable: Int32 { descriptor.rawValue }
}
