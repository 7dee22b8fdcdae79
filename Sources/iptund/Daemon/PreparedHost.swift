// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Logging
internal import Tunnel

/// The host after set-up: everything open that needed privilege, every change made, and somebody to take them back.
struct PreparedHost: ~Copyable {
    let socket: RawSocket
    let user: User
    let namespace: UInt64
    private let guardSocket: GuardSocket
    private let janitor: Janitor
    private var control: ControlServer?

    /// Opens the sockets, forks the janitor, and makes the changes. Requires `CAP_NET_ADMIN` and `CAP_NET_RAW`.
    /// - Throws: why it did not work, after everything that was done is undone.
    static func prepare(
        _ settings: TunnelSettings, _ claim: borrowing Claim, _ underlay: Underlay, _ netlink: borrowing Netlink,
        echo: Echo
    ) throws(Complaint) -> PreparedHost {
        let socket = try openSocket()
        let guardSocket = try explaining("cannot open the guard socket", whatNow: Prerequisites.remedy) {
            () throws(Errno) in try GuardSocket()
        }
        let user = User.current.id == 0 ? Surrender.user(StandardErrorLog.logger()) : User.current
        let control = try listen(claim.directory, user)
        let plan = try plan(settings, state(of: claim.device, netlink), underlay, netlink)
        let reverting = try Daemon.openNetlink()
        let namespace = try explaining("cannot tell the network namespace", whatNow: "mount /proc") {
            () throws(Errno) in try NetworkNamespace.current().inode
        }
        let janitor: Janitor
        do throws(Errno) {
            janitor = try Janitor.start(
                reverting: plan.changes, removing: claim.directory, netlink: reverting, lock: claim.lock)
        } catch {
            throw Complaint("cannot start the janitor", error, whatNow: "is the process limit reached?")
        }
        echo(plan, creating: claim.device.isPersistent ? nil : claim.device.name)
        do throws(Complaint) {
            for change in plan.changes { try apply(change, netlink) }
        } catch {
            janitor.finish()
            throw error
        }
        return PreparedHost(
            socket: socket, user: user, namespace: namespace, guardSocket: guardSocket, janitor: janitor,
            control: control)
    }

    /// The control socket, for whoever serves it.
    mutating func takeControl() -> ControlServer? { control.take() }

    /// Closes the sockets and has the changes taken back.
    consuming func end() { janitor.finish() }

    /// What would be changed on a device in this state.
    static func plan(
        _ settings: TunnelSettings, _ state: Plan.Device, _ underlay: Underlay, _ netlink: borrowing Netlink
    ) throws(Complaint) -> Plan {
        if let mtu = settings.mtu, mtu > underlay.tunnelMTU {
            standardError(
                "iptund: --mtu \(mtu) is more than \(underlay.device.name) can carry (\(underlay.tunnelMTU) and the outer "
                    + "header): longer packets will be dropped as exceeds-mtu; leave --mtu out")
        }
        do throws(Errno) {
            return try Plan(settings, on: state, over: underlay, netlink)
        } catch {
            throw Complaint("cannot read the routing table", error, whatNow: "this should not happen")
        }
    }

    private static func state(
        of device: borrowing TUNDevice, _ netlink: borrowing Netlink
    ) throws(Complaint) -> Plan.Device {
        let name = device.name
        guard let state = try state(named: name, isNew: !device.isPersistent, netlink) else {
            throw Complaint("device \(name)", why: "vanished", whatNow: "somebody else deletes devices here")
        }
        return state
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

    /// The device as it would be: the one that exists under the name, or a new one.
    static func foresee(
        _ settings: TunnelSettings, _ netlink: borrowing Netlink
    ) throws(Complaint) -> (state: Plan.Device, exists: Bool) {
        var name = settings.device?.text
        if let name, let state = try state(named: name, isNew: false, netlink) { return (state, true) }
        var number = 0
        while name == nil {
            if try state(named: "iptun\(number)", isNew: false, netlink) == nil { name = "iptun\(number)" }
            number += 1
        }
        let device = HostChange.Device(index: 0, name: name ?? "iptun0")
        return (Plan.Device(device: device, mtu: 1500, isUp: false, isNew: true, addresses: []), false)
    }

    private static func openSocket() throws(Complaint) -> RawSocket {
        try explaining("cannot open a raw socket for protocol 4", whatNow: Prerequisites.remedy) { () throws(Errno) in
            try RawSocket(capacity: Datapath.batchCapacity)
        }
    }

    private static func listen(_ directory: RuntimeDirectory, _ user: User) throws(Complaint) -> ControlServer {
        let path = directory.controlSocket
        let control = try explaining("cannot listen at \(path)", whatNow: "give another --runtime-directory") {
            () throws(Errno) in try ControlServer(path)
        }
        control.give(to: user)
        directory.give(to: user)
        return control
    }

    private static func apply(_ change: HostChange, _ netlink: borrowing Netlink) throws(Complaint) {
        do throws(Errno) {
            try change.apply(netlink)
        } catch .exists {
            throw Complaint(
                "cannot '\(change.command.text)'", why: "there is another one already",
                whatNow: "'ip route' and 'ip address' show it; remove it, or leave it out here")
        } catch {
            throw Complaint("cannot '\(change.command.text)'", error, whatNow: "nothing was changed")
        }
    }
}
