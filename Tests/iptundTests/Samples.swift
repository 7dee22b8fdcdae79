// SPDX-License-Identifier: Apache-2.0

import Configuration
import Linux
import Testing
import Wire
@testable import iptund

/// A block that is known to be one.
func block(_ text: String) -> Prefix {
    guard let prefix = Prefix(text) else { preconditionFailure("no prefix: \(text)") }
    return prefix
}

/// An address that is known to be one.
func inner(_ text: String) -> InterfaceAddress {
    guard let address = InterfaceAddress(text) else { preconditionFailure("no address: \(text)") }
    return address
}

extension PeerSettings {
    /// A peer by address or host name.
    static func sample(_ endpoint: String, name: String? = nil, allowed: [String]? = nil) -> PeerSettings {
        guard let endpoint = PeerAddress(endpoint) else { preconditionFailure("no endpoint: \(endpoint)") }
        return PeerSettings(name: name, endpoint: endpoint, allowed: allowed.map { $0.map(block) })
    }
}

extension HostChange.Device {
    /// Our device, where nobody asks the kernel about it.
    static let tunnel = HostChange.Device(index: 7, name: "iptun0")
    /// Somebody else's.
    static let uplink = HostChange.Device(index: 2, name: "eth0")
    /// The one that proxies.
    static let lan = HostChange.Device(index: 3, name: "lan0")

    /// The device of this name in the namespace of the calling thread.
    static func named(_ name: String, _ netlink: borrowing Netlink) throws -> HostChange.Device {
        let link = try netlink.link(named: name)
        return HostChange.Device(index: try #require(link).index, name: name)
    }
}

extension EgressFilter {
    /// The table of our device, for 203.0.113.0/24.
    static let sample = sample(AddressRange(0xcb00_7100, 0xcb00_71ff))

    /// The same for other addresses.
    static func sample(_ ranges: AddressRange..., link: String = "iptun0") -> EgressFilter {
        EgressFilter("iptund-\(link)", .ipv4, link: link, mark: .standard, destinations: ranges)
    }
}

extension DeviceFacts {
    /// A device that was just made.
    static func sample(
        mtu: Int = 1500, isUp: Bool = false, isNew: Bool = true, addresses: [String] = []
    ) -> DeviceFacts {
        DeviceFacts(
            device: .tunnel, mtu: mtu, isUp: isUp, isNew: isNew,
            addresses: addresses.compactMap { InterfaceAddress($0) })
    }
}

extension TunnelState {
    /// A tunnel of this boot.
    static func sample(
        _ steps: [Step] = [], device: HostChange.Device = .tunnel, namespace: UInt64 = 4_026_531_840,
        boot: String = TunnelState.currentBoot
    ) -> TunnelState {
        TunnelState(
            name: device.name, boot: boot, home: namespace, namespace: namespace, device: device, steps: steps,
            configuration: "")
    }
}
