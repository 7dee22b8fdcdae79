// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging
internal import Tunnel

/// The host after set-up: everything open that needed privilege, every change made, and somebody to take them back.
struct PreparedHost: ~Copyable {
    /// Keeps the kernel from answering for us, to the last moment.
    private let kernelGuard: Guard
    private var ports: [Worker.Ports]
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
            try echo(host.plan, creating: claim.device.isPersistent ? nil : settings.tuntap(claim.device.name)) {
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

    /// What the data path works with, for whoever starts it.
    mutating func takePorts() -> [Worker.Ports] {
        defer { ports = [] }
        return ports
    }

    /// Has the changes taken back and the directory removed.
    consuming func end() { janitor.finish() }

    /// What needs privilege but changes nothing, and last the janitor, whose child must not share what comes later.
    private static func open(
        _ settings: TunnelSettings, _ claim: borrowing Claim, _ underlay: Underlay?, _ netlink: borrowing Netlink
    ) throws(Complaint) -> PreparedHost {
        let kernelGuard = try explaining("cannot open a raw socket for protocol 4", whatNow: Prerequisites.remedy) {
            () throws(Errno) in try Guard()
        }
        let ports = try openPorts(settings, claim, underlay)
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
                kernelGuard: kernelGuard, ports: ports, user: user, namespace: namespace, plan: plan,
                janitor: janitor, control: control)
        } catch {
            throw Complaint("cannot start the janitor", error, whatNow: "is the process limit reached?")
        }
    }

    /// What each worker reads from and writes to.
    private static func openPorts(
        _ settings: TunnelSettings, _ claim: borrowing Claim, _ underlay: Underlay?
    ) throws(Complaint) -> [Worker.Ports] {
        let (count, capacity) = (settings.workers.count, Datapath.batchCapacity)
        var ports: [Worker.Ports] = []
        for index in 0..<count {
            do throws(Errno) {
                let device = index == 0 ? try claim.device.duplicate() : try claim.device.nextQueue()
                let receiver = try RawReceiver(capacity: capacity, worker: index, of: count)
                let sender = try RawSender(capacity: capacity, local: underlay?.local, worker: index, of: count)
                ports.append(Worker.Ports(device: device, receiver: receiver, sender: sender))
            } catch {
                throw Complaint("cannot open what worker \(index) needs", error, whatNow: Prerequisites.remedy)
            }
        }
        return ports
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
