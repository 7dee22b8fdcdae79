// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Wire

/// A tunnel's own device, as a plan has to know it.
struct DeviceFacts: Equatable {
    let device: HostChange.Device
    let mtu: Int
    let isUp: Bool
    /// Whether it exists for this tunnel alone, and goes with it.
    let isNew: Bool
    var addresses: [InterfaceAddress]
    /// Whether the kernel gives it no IPv6 address by itself.
    var hasNoOwnIPv6 = false
}

/// Looking at a device, before a plan is made for it.
extension DeviceFacts {
    /// The device of this number; `nil` when there is none, under whatever name.
    static func look(
        _ device: HostChange.Device, isNew: Bool, _ netlink: borrowing Netlink
    ) throws(Errno) -> DeviceFacts? {
        guard let link = try netlink.link(index: device.index) else { return nil }
        return DeviceFacts(
            device: device, mtu: link.mtu, isUp: link.isUp, isNew: isNew,
            addresses: try netlink.addresses(link: device.index), hasNoOwnIPv6: link.hasNoOwnIPv6)
    }

    /// The device as it is.
    static func state(of device: borrowing TUNDevice, _ netlink: borrowing Netlink) throws(Complaint) -> DeviceFacts {
        guard let state = try state(named: device.name, isNew: !device.isPersistent, netlink) else {
            throw Complaint("device \(device.name)", why: "vanished", whatNow: "somebody else deletes devices here")
        }
        return state
    }

    /// The device as it would be: the one that exists under the name, or a new one.
    static func foresee(
        _ settings: TunnelSettings, _ netlink: borrowing Netlink
    ) throws(Complaint) -> (state: DeviceFacts, exists: Bool) {
        var name = settings.device?.text
        if let name, let state = try state(named: name, isNew: false, netlink) {
            guard settings.workers.count == 1 else { throw Claim.complaintAboutQueues(of: name, .exists) }
            try checkKind(of: name, netlink)
            return (state, true)
        }
        var number = 0
        while name == nil {
            if try state(named: "iptun\(number)", isNew: false, netlink) == nil { name = "iptun\(number)" }
            number += 1
        }
        let device = HostChange.Device(index: 0, name: name ?? "iptun0")
        return (DeviceFacts(device: device, mtu: 1500, isUp: false, isNew: true, addresses: []), false)
    }

    /// A device of another kind cannot be attached to, as ``Claim`` would find out.
    private static func checkKind(of name: String, _ netlink: borrowing Netlink) throws(Complaint) {
        let link = try? netlink.link(named: name)
        guard link?.kind == "tun" else { throw Claim.complaint(about: name, .invalidArgument) }
    }

    private static func state(
        named name: String, isNew: Bool, _ netlink: borrowing Netlink
    ) throws(Complaint) -> DeviceFacts? {
        do throws(Errno) {
            guard let link = try netlink.link(named: name) else { return nil }
            return DeviceFacts(
                device: HostChange.Device(index: link.index, name: link.name), mtu: link.mtu, isUp: link.isUp,
                isNew: isNew, addresses: try netlink.addresses(link: link.index), hasNoOwnIPv6: link.hasNoOwnIPv6)
        } catch {
            throw Complaint("cannot look at device \(name)", error, whatNow: "this should not happen")
        }
    }
}
