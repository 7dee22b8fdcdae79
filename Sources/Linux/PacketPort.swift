// SPDX-License-Identifier: Apache-2.0

package import Wire

/// An end of the data path: packets come out of it, packets go into it, and one can wait for it.
package protocol PacketPort: ~Copyable, Sendable, PacketSource, PacketSink where Failure == Errno {
    /// What to wait for until there is something to read.
    var waitable: Int32 { get }
    /// ICMP errors about packets sent through this port, since the last call.
    mutating func takeErrors() -> ICMPErrors
}

extension TUNDevice: PacketPort {
    package var waitable: Int32 { descriptor.rawValue }
    /// None: nobody answers to a device.
    package mutating func takeErrors() -> ICMPErrors { ICMPErrors() }
}

extension RawSocket: PacketPort {
    package var waitable: Int32 { descriptor.rawValue }
}
