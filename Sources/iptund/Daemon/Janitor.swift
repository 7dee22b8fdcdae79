// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// A child that takes the host changes back when the daemon is gone, however it went.
///
/// The daemon keeps no privilege, so it could not even delete a route at its end. The janitor is forked before anything is
/// changed; it keeps `CAP_NET_ADMIN` and nothing else, reads nothing but the end of a pipe, and knows no packet.
struct Janitor: ~Copyable {
    private let process: Fork

    /// Forks the janitor. For a process with one thread.
    ///
    /// It shares the tunnel's lock, so that a new tunnel of this name waits until all is taken back.
    /// - Parameter netlink: a session for the child alone.
    static func start(
        reverting changes: [HostChange], removing directory: RuntimeDirectory, netlink: consuming Netlink,
        lock: borrowing LockFile
    ) throws(Errno) -> Janitor {
        let kept = [netlink.fileDescriptor, lock.number]
        let process = try Fork.start(keeping: kept) { lifeline in
            giveUpPrivilege()
            lifeline.waitForEnd()
            for change in changes.reversed() { revert(change, netlink) }
            directory.remove()
        }
        return Janitor(process: process)
    }

    /// Lets the janitor work, and waits until it is done.
    consuming func finish() { process.cut() }

    private static func giveUpPrivilege() {
        do throws(Privileges.Failure) {
            _ = try Privileges.reduce(to: [.netAdmin])
        } catch {
            standardError("iptund: janitor: \(error)")
        }
    }

    private static func revert(_ change: HostChange, _ netlink: borrowing Netlink) {
        do throws(Errno) {
            if try change.revert(netlink) { standardError("[#] \(change.reverseCommand)") }
        } catch {
            standardError("iptund: cannot take back '\(change.command.text)': \(error)")
        }
    }
}
