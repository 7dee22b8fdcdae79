// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// Looking at a device, before a plan is made for it.
extension Plan.Device {
    /// The device as it is.
    static func state(of device: borrowing TUNDevice, _ netlink: borrowing Netlink) throws(Complaint) -> Plan.Device {
        guard let state = try state(named: device.name, isNew: !device.isPersistent, netlink) else {
            throw Complaint("device \(device.name)", why: "vanished", whatNow: "somebody else deletes devices here")
        }
        return state
    }

    /// The device of a running tunnel, under the name that it had when it came up.
    static func found(
        _ device: HostChange.Device, isNew: Bool, _ netlink: borrowing Netlink
    ) throws(Complaint) -> Plan.Device {
        let (link, addresses) = try explaining("cannot look at device \(device.name)", whatNow: "try again") {
            () throws(Errno) in
            (try netlink.link(index: device.index), try netlink.addresses(link: device.index))
        }
        guard let link else {
            throw Complaint("device \(device.name)", why: "is gone", whatNow: "start the tunnel again")
        }
        guard link.kind == "tun" else { throw Claim.complaint(about: device.name, .invalidArgument) }
        return Plan.Device(device: device, mtu: link.mtu, isUp: link.isUp, isNew: isNew, addresses: addresses)
    }

    /// The device as it would be: the one that exists under the name, or a new one.
    static func foresee(
        _ settings: TunnelSettings, _ netlink: borrowing Netlink
    ) throws(Complaint) -> (state: Plan.Device, exists: Bool) {
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
        return (Plan.Device(device: device, mtu: 1500, isUp: false, isNew: true, addresses: []), false)
    }

    /// A device of another kind cannot be attached to, as ``Claim`` would find out.
    private static func checkKind(of name: String, _ netlink: borrowing Netlink) throws(Complaint) {
        let link = try? netlink.link(named: name)
        guard link?.kind == "tun" else { throw Claim.complaint(about: name, .invalidArgument) }
    }

    private static func state(
        named name: String, isNew: Bool, _ netlink: borrowing Netlink
    ) throws(Complaint) -> Plan.Device? {
        do throws(Errno) {
            guard let link = try netlink.link(named: name) else { return nil }
            return Plan.Device(
                device: HostChange.Device(index: link.index, name: link.name), mtu: link.mtu, isUp: link.isUp,
                isNew: isNew, addresses: try netlink.addresses(link: link.index))
        } catch {
            throw Complaint("cannot look at device \(name)", error, whatNow: "this should not happen")
        }
    }
}
