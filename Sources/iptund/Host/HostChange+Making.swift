// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Making changes, and taking them back.
extension HostChange {
    /// Makes the change. Requires `CAP_NET_ADMIN`, and what the change calls common also to write to /proc/sys.
    ///
    /// What is there already exactly so is fine: it is our own, left by a tunnel that could not take it back.
    func make(_ netlink: borrowing Netlink) throws(Errno) {
        switch self {
        case .noIPv6(let device):
            do throws(Errno) {
                try netlink.disableIPv6AddressGeneration(link: device.index)
            } catch .familyNotSupported {
                return  // A kernel without IPv6 has nothing to switch off.
            }
        case .mtu(let octets, let device): try netlink.setMTU(octets, link: device.index)
        case .address(let address, let device): try netlink.add(address, link: device.index)
        case .up(let device): try netlink.setUp(true, link: device.index)
        case .route(let route, _):
            do throws(Errno) {
                try netlink.add(route)
            } catch .exists {
                let ours = try netlink.routes(in: route.table, madeBy: route.protocolNumber)
                guard ours.contains(route) else { throw .exists }
            }
        case .rule(let rule):
            do throws(Errno) {
                try netlink.add(rule)
            } catch .exists {
                guard try netlink.rules().contains(where: { $0.rule == rule }) else { throw .exists }
            }
        case .proxy(let address, let device):
            try netlink.addProxy(for: address, link: device.index, protocolNumber: HostChange.protocolNumber)
        case .setting(let setting, let value, let device): try netlink.set(setting, to: value, link: device.index)
        case .noCommonRedirects: try Sysctl.write(0, to: HostChange.commonRedirects)
        }
    }

    /// Makes the change where another of its kind is in force, without a moment in which neither is.
    func makeInstead(_ netlink: borrowing Netlink) throws(Errno) {
        if case .route(let route, _) = self { try netlink.replace(route) } else { try make(netlink) }
    }

    /// Where the kernel keeps what holds for all devices.
    static let commonRedirects = "conf/all/send_redirects"
}

extension Step {
    /// Takes the change back. Returns false when there was nothing left to take back: what somebody else changed since is
    /// theirs.
    func revert(_ netlink: borrowing Netlink) throws(Errno) -> Bool {
        do throws(Errno) {
            return try takeBack(netlink)
        } catch {
            // With a device went its addresses, routes and settings.
            if [.noDevice, .noSuchProcess, .addressNotAvailable, .noSuchFile].contains(error) { return false }
            throw error
        }
    }

    private func takeBack(_ netlink: borrowing Netlink) throws(Errno) -> Bool {
        switch change {
        case .noIPv6: return false
        case .mtu(let octets, let device):
            guard let before, try netlink.link(index: device.index)?.mtu == octets else { return false }
            try netlink.setMTU(Int(before), link: device.index)
        case .address(let address, let device): try netlink.remove(address, link: device.index)
        case .up(let device):
            guard try netlink.link(index: device.index)?.isUp == true else { return false }
            try netlink.setUp(false, link: device.index)
        case .route(let route, _): try netlink.remove(route)
        case .rule(let rule): try netlink.remove(rule)
        case .proxy(let address, let device): try netlink.removeProxy(for: address, link: device.index)
        case .setting(let setting, let value, let device):
            guard let before, try netlink.settings(link: device.index)[setting] == value else { return false }
            try netlink.set(setting, to: before, link: device.index)
        case .noCommonRedirects:
            guard let before, try Sysctl.read(HostChange.commonRedirects) == 0 else { return false }
            try Sysctl.write(before, to: HostChange.commonRedirects)
        }
        return true
    }
}
