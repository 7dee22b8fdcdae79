// SPDX-License-Identifier: Apache-2.0

internal import Linux
internal import Logging
internal import Tunnel

/// The host after set-up: everything open that needed privilege, every change made, and somebody to take them back.
struct PreparedHost: ~Copyable {
    private let receiver: RawReceiver
    private let sender: RawSender
    let user: User
    let namespace: UInt64
    private let plan: Plan
    private let janitor: Janitor
    private var control: ControlServer?

    /// Opens the sockets, forks the janitor, and makes the changes. Requires `CAP_NET_ADMIN` and `CAP_NET_RAW`.
    /// - Throws: why it did not work, after everything that was done is undone.
    static func prepare(
        _ settings: TunnelSettings, _ claim: borrowing Claim, _ underlay: Underlay?, _ netlink: borrowing Netlink,
        echo: Echo
    ) throws(Complaint) -> PreparedHost {
        let host: PreparedHost
        do throws(Complaint) {
            host = try open(settings, claim, underlay, netlink)
        } catch {
            // There is no janitor yet.
            claim.directory.remove()
            throw error
        }
        do throws(Complaint) {
            try echo(host.plan, creating: claim.device.isPersistent ? nil : claim.device.name) {
                change throws(Complaint) in try apply(change, netlink)
            }
        } catch {
            host.end()
            throw error
        }
        return host
    }

    /// The control socket, for whoever serves it.
    mutating func takeControl() -> ControlServer? { control.take() }

    /// What the data path works with; the sockets stay open here too.
    func equipment(_ device: borrowing TUNDevice) throws(Errno) -> Datapath.Equipment {
        Datapath.Equipment(
            device: try device.duplicate(), receiver: try receiver.duplicate(), sender: try sender.duplicate())
    }

    /// Packets that arrived and that the kernel had no room to keep for us.
    var socketOverflows: UInt64 { (try? receiver.overflows) ?? 0 }

    /// Closes the sockets, and has the changes taken back and the directory removed.
    consuming func end() { janitor.finish() }

    /// What needs privilege but changes nothing, and last the janitor, whose child must not share what comes later.
    private static func open(
        _ settings: TunnelSettings, _ claim: borrowing Claim, _ underlay: Underlay?, _ netlink: borrowing Netlink
    ) throws(Complaint) -> PreparedHost {
        let receiver = try explaining("cannot open a raw socket for protocol 4", whatNow: Prerequisites.remedy) {
            () throws(Errno) in try RawReceiver(capacity: Datapath.batchCapacity)
        }
        let sender = try explaining("cannot open a raw socket to send from", whatNow: Prerequisites.remedy) {
            () throws(Errno) in try RawSender(capacity: Datapath.batchCapacity)
        }
        let state = try Plan.Device.state(of: claim.device, netlink)
        let plan = try Plan.make(settings, on: state, over: underlay, netlink)
        let user = User.current.id == 0 ? Surrender.user(StandardErrorLog.logger()) : User.current
        let control = try listen(claim.directory, user)
        let namespace = try explaining("cannot tell the network namespace", whatNow: "mount /proc") {
            () throws(Errno) in try NetworkNamespace.current().inode
        }
        let reverting = try Daemon.openNetlink()
        do throws(Errno) {
            let janitor = try Janitor.start(
                reverting: plan.changes, removing: claim.directory, netlink: reverting, lock: claim.lock)
            return PreparedHost(
                receiver: receiver, sender: sender, user: user, namespace: namespace, plan: plan,
                janitor: janitor, control: control)
        } catch {
            throw Complaint("cannot start the janitor", error, whatNow: "is the process limit reached?")
        }
    }

    private static func listen(_ directory: RuntimeDirectory, _ user: User) throws(Complaint) -> ControlServer {
        let path = directory.controlSocket
        let control = try explaining("cannot listen at \(path)", whatNow: "give another --runtime-directory") {
            () throws(Errno) in try ControlServer(path)
        }
        control.give(to: user)
        return control
    }

    private static func apply(_ change: HostChange, _ netlink: borrowing Netlink) throws(Complaint) {
        do throws(Errno) {
            try change.apply(netlink)
        } catch .exists {
            throw Complaint(inTheWayOf: change)
        } catch {
            throw Complaint("cannot '\(change.command.text)'", error, whatNow: "all was taken back")
        }
    }
}
