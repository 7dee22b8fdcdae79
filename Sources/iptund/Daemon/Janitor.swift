// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// A child that takes the host changes back when the daemon is gone, however it went.
///
/// The daemon keeps no privilege, so it could not even delete a route at its end. The janitor is forked before anything is
/// changed; it keeps `CAP_NET_ADMIN` and nothing else, knows no packet, and reads nothing but its lifeline and then
/// the list of changes, which only root can write.
struct Janitor: ~Copyable {
    private let process: Fork

    /// Forks the janitor. For a process with one thread.
    ///
    /// It shares the tunnel's lock, so that a new tunnel of this name waits until all is taken back.
    /// - Parameter netlink: a session in the device's network namespace, for the child alone.
    static func start(
        cleaning directory: RuntimeDirectory, netlink: consuming Netlink, lock: borrowing LockFile, echo: Echo
    ) throws(Errno) -> Janitor {
        let kept = [netlink.fileDescriptor, lock.number]
        let process = try Fork.start(keeping: kept) { lifeline in
            giveUpPrivilege()
            Console.stopWaiting()
            let extent: Restoration.Extent = lifeline.waitForEnd() == .said ? .everything : .allButKillSwitch
            do throws(Complaint) {
                try Restoration.perform(in: directory, extent, netlink, echo: echo)
            } catch {
                standardError("iptund: \(error)")
            }
        }
        return Janitor(process: process)
    }

    /// Lets the janitor work, and waits until it is done. What is a kill switch stays unless the tunnel ends on purpose.
    consuming func finish(_ farewell: Fork.Farewell) { process.cut(farewell) }

    private static func giveUpPrivilege() {
        do throws(Privileges.Failure) {
            _ = try Privileges.reduce(to: [.netAdmin])
        } catch {
            standardError("iptund: janitor: \(error)")
        }
        Confinement.confineChild(to: .janitor, files: [.reading("/"), .changing("/")])
    }
}
