// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux
internal import Logging

/// What the daemon gives up beside capabilities: everything that has a path, and all system calls that it does not need.
///
/// It is proven where it is done, thread by thread: by a call that would work otherwise.
struct Confinement: Sendable {
    /// What could not be given up, and why.
    let shortfalls: [Privileges.Shortfall]
    private let hasFilter: Bool

    /// Confines this thread, and all threads that it will start. For a process with one thread, without privilege.
    ///
    /// Nothing can be opened any more afterwards, /proc included.
    /// - Parameter shortfalls: what could not be given up before.
    static func begin(beside shortfalls: [Privileges.Shortfall]) throws(Complaint) -> Confinement {
        #if SANITIZED
            // A sanitizer writes reports, and looks at the process from another one.
            return Confinement(shortfalls: shortfalls + [.sanitizer], hasFilter: false)
        #else
            // The C library would look into /sys before it gave one more thread memory of its own.
            Memory.shareOneArena()
            // Packets of other people are in it.
            try explaining("cannot close the memory to others", whatNow: "this should not happen") { () throws(Errno) in
                try Memory.keepToItself()
            }
            var shortfalls = shortfalls
            if let shortfall = try giveUpFiles() { shortfalls.append(shortfall) }
            if let shortfall = try giveUpSystemCalls() {
                return Confinement(shortfalls: shortfalls + [shortfall], hasFilter: false)
            }
            return Confinement(shortfalls: shortfalls, hasFilter: true)
        #endif
    }

    /// Checks that the calling thread has no privilege, and takes every system call from it that is not on `list`, for good.
    func narrow(to list: SystemCalls) throws(Complaint) {
        try Surrender.proveHere(shortfalls)
        guard hasFilter else { return }
        do throws(Errno) {
            try list.filter().load()
        } catch {
            throw Confinement.failure("system calls", "\(error)")
        }
        try Confinement.prove(list)
    }

    /// Takes from a child every path but `files`, and every system call that is not on `list`. What the kernel cannot take is
    /// left: the daemon tells about it.
    ///
    /// - Parameter mayTalk: whether it may connect by TCP, and to abstract Unix sockets.
    static func confineChild(to list: SystemCalls, files: [Landlock.Exception], mayTalk: Bool = false) {
        #if !SANITIZED
            attempt("files") { () throws(Errno) in try Landlock.giveUpEverything(but: files, mayTalk: mayTalk) }
            attempt("system calls") { () throws(Errno) in try list.filter().load() }
        #endif
    }

    private static func attempt(_ what: String, _ giveUp: () throws(Errno) -> Void) {
        do throws(Errno) {
            try giveUp()
        } catch  where isUnsupported(error) {
            return
        } catch {
            StandardErrorLog.logger().error("a child keeps all \(what): \(error)")
        }
    }

    private static func giveUpFiles() throws(Complaint) -> Privileges.Shortfall? {
        do throws(Errno) {
            try Landlock.giveUpEverything()
        } catch  where isUnsupported(error) {
            return .landlock(error)
        } catch {
            throw failure("files", "\(error)")
        }
        if (try? Files.entries("/")) != nil { throw failure("files", "/ can still be opened") }
        return nil
    }

    private static func giveUpSystemCalls() throws(Complaint) -> Privileges.Shortfall? {
        do throws(Errno) {
            try SystemCalls.start.filter().load()
        } catch  where isUnsupported(error) {
            return .systemCalls(error)
        } catch {
            throw failure("system calls", "\(error)")
        }
        try prove(.start)
        return nil
    }

    private static func prove(_ list: SystemCalls) throws(Complaint) {
        guard list.probe.isRefused else {
            throw failure("system calls", "\(list.probe.rawValue) still works")
        }
    }

    /// Whether the kernel, or whoever filters for us, has no such thing at all.
    private static func isUnsupported(_ error: Errno) -> Bool {
        [Errno.notImplemented, .notSupported, .invalidArgument, .notPermitted].contains(error)
    }

    private static func failure(_ what: String, _ why: String) -> Complaint {
        Complaint("cannot give up \(what)", why: why, whatNow: "it would be too much to run with; please report this")
    }
}
