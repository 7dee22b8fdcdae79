// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Linux

/// A child that takes the host changes back when the daemon is gone, however it went.
///
/// The daemon keeps no privilege, so it could not even delete a route at its end. The janitor is forked before anything is
/// changed; it keeps `CAP_NET_ADMIN` and nothing else, reads nothing but the end of a pipe, and knows no packet.
struct Janitor: ~Copyable {
    private let id: pid_t
    /// The end that the daemon holds: when it closes, by exit or by SIGKILL, the janitor starts.
    private let pipe: Descriptor

    /// Forks the janitor. For a process with one thread.
    ///
    /// - Parameter netlink: a session for the child alone.
    static func fork(
        reverting changes: [HostChange], removing directory: RuntimeDirectory, netlink: consuming Netlink,
        lock: borrowing LockFile
    ) throws(Errno) -> Janitor {
        var ends: [Int32] = [0, 0]
        try checked(unsafe clinux_pipe(&ends))
        let (reading, writing) = (ends[0], ends[1])
        let id = clinux_fork()
        guard id == 0 else {
            close(reading)
            let pipe = Descriptor(owning: writing)
            return Janitor(id: try checked(id), pipe: pipe)
        }
        closeAll(except: [reading, netlink.fileDescriptor, lock.number])
        work(reverting: changes, removing: directory, netlink, pipe: reading)
        _exit(0)
    }

    /// Lets the janitor work, and waits until it is done.
    consuming func finish() {
        let id = id
        _ = consume pipe
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
    }

    private static func work(
        reverting changes: [HostChange], removing directory: RuntimeDirectory, _ netlink: borrowing Netlink, pipe: Int32
    ) {
        do throws(Privileges.Failure) {
            _ = try Privileges.reduce(to: [.netAdmin])
        } catch {
            standardError("iptund: janitor: \(error)")
        }
        var octet: UInt8 = 0
        // Nobody writes: this returns at the end of the daemon.
        while unsafe read(pipe, &octet, 1) < 0, errno == EINTR {}
        for change in changes.reversed() {
            do throws(Errno) {
                if try change.revert(netlink) { standardError("[#] \(change.reverseCommand)") }
            } catch {
                standardError("iptund: cannot take back '\(change.command.text)': \(error)")
            }
        }
        directory.remove()
    }

    /// Closes everything but the standard streams and `kept`: a child that holds the TUN device would keep it alive.
    private static func closeAll(except kept: [Int32]) {
        var first: UInt32 = 3
        for number in kept.sorted() {
            if UInt32(number) > first { _ = clinux_close_range(first, UInt32(number) - 1) }
            first = UInt32(number) + 1
        }
        _ = clinux_close_range(first, .max)
    }
}
