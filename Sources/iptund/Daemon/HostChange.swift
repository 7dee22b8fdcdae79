// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// One change to the host that can be taken back.
enum HostChange: Equatable {
    /// No IPv6 address of its own for a device that we made: it carries IPv4 only. Goes with the device.
    case noIPv6(Device)
    /// The device's MTU, and what it was before.
    case mtu(Device, octets: Int, before: Int)
    /// An inner address.
    case address(InterfaceAddress, Device)
    /// Switches the device on.
    case up(Device)
    /// A route: a prefix into the tunnel, or the peer's pin to the underlay.
    case route(Route, Device)

    /// A link by number, which changes are made with, and by name, which people read.
    struct Device: Equatable {
        let index: Int32
        let name: String
    }

    /// Our routes in `ip route`: a number that nobody else uses (rtnetlink(7), `rtm_protocol`).
    static let routeProtocol: UInt8 = 203
}

extension HostChange {
    /// Makes the change. Requires `CAP_NET_ADMIN`.
    func apply(_ netlink: borrowing Netlink) throws(Errno) {
        switch self {
        case .noIPv6(let device):
            do throws(Errno) {
                try netlink.disableIPv6AddressGeneration(link: device.index)
            } catch .familyNotSupported {
                return  // A kernel without IPv6 has nothing to switch off.
            }
        case .mtu(let device, let octets, _): try netlink.setMTU(octets, link: device.index)
        case .address(let address, let device): try netlink.add(address, link: device.index)
        case .up(let device): try netlink.setUp(true, link: device.index)
        case .route(let route, _):
            do throws(Errno) {
                try netlink.add(route)
            } catch .exists {
                guard try netlink.routes(to: route.destination).contains(route) else { throw .exists }
            }
        }
    }

    /// Takes the change back. Returns false when there was nothing left to take back.
    func revert(_ netlink: borrowing Netlink) throws(Errno) -> Bool {
        do throws(Errno) {
            switch self {
            case .noIPv6: return false
            case .mtu(let device, _, let before): try netlink.setMTU(before, link: device.index)
            case .address(let address, let device): try netlink.remove(address, link: device.index)
            case .up(let device): try netlink.setUp(false, link: device.index)
            case .route(let route, _): try netlink.remove(route)
            }
            return true
        } catch {
            // With the device went its addresses and routes.
            if [.noDevice, .noSuchProcess, .addressNotAvailable].contains(error) { return false }
            throw error
        }
    }

    /// The command that does the same.
    var command: (kind: String, text: String) {
        switch self {
        case .noIPv6(let device): ("ip link", "ip link set dev \(device.name) addrgenmode none")
        case .mtu(let device, let octets, _): ("ip link", "ip link set dev \(device.name) mtu \(octets)")
        case .address(let address, let device): ("ip address", "ip address add \(address) dev \(device.name)")
        case .up(let device): ("ip link", "ip link set dev \(device.name) up")
        case .route(let route, let device): ("ip route", "ip route add \(HostChange.text(route, device))")
        }
    }

    /// The command that takes it back.
    var reverseCommand: String {
        switch self {
        case .noIPv6(let device): "ip link delete dev \(device.name)"
        case .mtu(let device, _, let before): "ip link set dev \(device.name) mtu \(before)"
        case .address(let address, let device): "ip address delete \(address) dev \(device.name)"
        case .up(let device): "ip link set dev \(device.name) down"
        case .route(let route, let device): "ip route delete \(HostChange.text(route, device))"
        }
    }

    private static func text(_ route: Route, _ device: Device) -> String {
        let gateway = route.gateway.map { " via \($0)" } ?? ""
        let source = route.source.map { " src \($0)" } ?? ""
        let flags = route.isOnLink ? " onlink" : ""
        return
            "\(route.destination)\(gateway) dev \(device.name) proto \(route.protocolNumber)\(source)\(flags)"
    }
}

extension Complaint {
    /// Something else is where the change would go.
    init(inTheWayOf change: HostChange) {
        self.init(
            "cannot '\(change.command.text)'", why: "there is another one already",
            whatNow: "'ip route' and 'ip address' show it; remove it, or leave it out here")
    }
}
