// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging

/// Giving up all privilege, and seeing that it is gone.
enum Surrender {
    /// Who the daemon is after set-up: the one that was asked for, else whoever starts it, unless that is root: then `iptund`
    /// when the system has one, else the one that owns nothing.
    static func user(_ name: String?) throws(Complaint) -> User {
        if let name {
            if let user = User(named: name) { return user }
            throw Complaint("User = \(name)", why: "there is no such user", whatNow: "make it, or leave User out")
        }
        guard User.current.id == 0 else { return .current }
        return User(named: "iptund") ?? .nobody
    }

    /// Who asks for names: a user that nothing else runs as, where the daemon's is everybody's, so that what a kill switch lets
    /// pass of it is ours alone.
    static func resolver(beside user: User) -> User {
        let own = User(id: 1_994_004_000, group: user.group)
        return user == .nobody && User.current.id == 0 && own.isPossible ? own : user
    }

    /// Says who it is where that is not who it should be.
    static func note(_ user: User, _ name: String?, _ log: Logger) {
        guard name == nil, User.current.id == 0, user == .nobody else { return }
        log.notice("no user 'iptund' on this system, running as uid 65534 (nobody)")
    }

    /// Drops everything. What a container did not let us drop is logged and returned.
    static func perform(_ user: User) throws(Complaint) -> [Privileges.Shortfall] {
        do throws(Privileges.Failure) {
            return try Privileges.drop(to: user)
        } catch {
            throw Complaint("cannot give up privilege", why: "\(error)", whatNow: "it would be too much to run with")
        }
    }

    /// Asks the kernel, for the calling thread, whether nothing is left but the known shortfalls.
    static func proveHere(_ shortfalls: [Privileges.Shortfall]) throws(Complaint) {
        let thread = try explaining("cannot ask for capabilities", whatNow: "this should not happen") {
            () throws(Errno) in try ThreadStatus.calling()
        }
        let hasBounding = shortfalls.contains(.boundingSet)
        if thread.isPowerless(allowingBounding: hasBounding), hasBounding || Privileges.areSecurebitsLocked,
            thread.user != 0 || shortfalls.contains(.user(0))
        {
            return
        }
        throw stillPrivileged(thread)
    }

    private static func stillPrivileged(_ thread: ThreadStatus) -> Complaint {
        Complaint(
            "thread \(thread.id) still has privilege", why: "the kernel shows \(thread)", whatNow: "please report this")
    }

    /// Reads from the kernel, for every thread of this process, that nothing is left but the known shortfalls, and that
    /// nobody is root.
    static func prove(_ shortfalls: [Privileges.Shortfall]) throws(Complaint) {
        let mayBeRoot = shortfalls.contains(.user(0))
        let threads = try explaining("cannot read /proc/self/task", whatNow: "mount /proc") { () throws(Errno) in
            try ThreadStatus.all()
        }
        for thread in threads {
            let isPowerless = thread.isPowerless(allowingBounding: shortfalls.contains(.boundingSet))
            if isPowerless, thread.user != 0 || mayBeRoot { continue }
            throw stillPrivileged(thread)
        }
    }
}
