// SPDX-License-Identifier: Apache-2.0

package import Wire

/// Inner packets that came out of a tunnel's device while it was watched, and are for another host.
package struct TransitTraffic: Equatable, Sendable {
    /// The device that they came out of.
    package var device: String
    package var source: IPv4Address
    package var destination: IPv4Address
    package var ipProtocol: UInt8
    /// The link that this host's routes lead them to; `nil` where there is no route.
    package var link: String?
    package var packets: Int

    package init(
        _ device: String, from source: IPv4Address, to destination: IPv4Address, ipProtocol: UInt8, packets: Int = 1
    ) {
        self.device = device
        self.source = source
        self.destination = destination
        self.ipProtocol = ipProtocol
        self.packets = packets
    }
}
