// SPDX-License-Identifier: Apache-2.0

internal import Linux

/// Which system calls who may make.
///
/// What somebody could make the parser of a packet do ends at these lists. They hold what our own code calls, and what the C
/// library and Swift call on its behalf: memory, locks, the end of a thread. A list that lacks something is found by the
/// network tests, whose daemon dies then.
struct SystemCalls {
    /// What may be called in any way.
    let names: [String]
    /// What may be called when one of its arguments is so: any of these will do.
    let conditional: [(name: String, condition: SystemCallFilter.Condition)]
    /// What nobody needs, and is refused to see that the list is in force.
    let probe: SystemCallFilter.Probe
    /// What becomes of the rest.
    let otherwise: SystemCallFilter.Otherwise

    /// A filter of this list, not yet in force.
    func filter() throws(Errno) -> SystemCallFilter {
        let filter = try SystemCallFilter(otherwise: otherwise)
        try filter.allow(names)
        for entry in conditional { try filter.allow(entry.name, if: [entry.condition]) }
        try filter.refuse(probe.rawValue)
        return filter
    }
}

/// The lists of the daemon: whatever is not on them ends it.
extension SystemCalls {
    /// A thread that carries packets, for good.
    static let dataThread = SystemCalls(
        names: runtime + packets + endOfThread, conditional: noNewCode + abort, probe: .processGroup, otherwise: .kill)

    /// The main thread while tunnels stand, for good: it answers clients, follows the host by netlink, and waits for children.
    static let mainThread = SystemCalls(
        names: runtime + packets + endOfThread + conversation,
        conditional: noNewCode + abort + duplicate + seals + plainOptions,
        probe: .processGroup, otherwise: .kill)

    /// Everybody until the threads run: both of the above, and what it takes to start them.
    static let start = SystemCalls(
        names: mainThread.names + startOfThread + ["getpgid"],
        conditional: mainThread.conditional + inspection + cloneThread,
        probe: .parent, otherwise: .kill)

    /// Memory, locks, and who one is: for the C library and for Swift.
    private static let runtime = ["brk", "futex", "getpid", "gettid", "madvise", "mremap", "munmap", "sched_yield"]

    /// Waiting, reading, sending, and the time.
    private static let packets = [
        "clock_gettime", "poll", "ppoll", "read", "readv", "recvmmsg", "recvmsg", "restart_syscall", "rt_sigreturn",
        "sendmmsg", "write", "writev",
    ]

    private static let endOfThread = ["close", "exit", "exit_group", "rt_sigprocmask"]

    private static let startOfThread = [
        "clone3", "getegid", "geteuid", "getgid", "getuid", "rseq", "rt_sigaction", "sched_getscheduler",
        "sched_setscheduler", "seccomp", "set_robust_list",
    ]

    /// With clients, with netlink, with the supervisor, with the children. `bind` and `connect` are for the socket that sends,
    /// when our outer address changes: there is no way to get another one.
    private static let conversation = [
        "accept4", "bind", "capget", "connect", "fstat", "getrandom", "getsockopt", "lseek", "newfstatat", "pread64",
        "recvfrom", "sendmsg", "sendto", "shutdown", "wait4",
    ]

    /// Options of sockets as such (SOL_SOCKET), and none of IP: a socket for which the kernel writes headers stays one.
    private static let plainOptions = [("setsockopt", SystemCallFilter.Condition(argument: 1, is: 1))]

    /// Memory that nobody can execute. Bit 2 is PROT_EXEC.
    private static let noNewCode: [(String, SystemCallFilter.Condition)] = [
        ("mmap", .init(argument: 2, mask: 4, is: 0)), ("mprotect", .init(argument: 2, mask: 4, is: 0)),
    ]

    /// How a program ends itself: a signal to itself alone.
    private static var abort: [(String, SystemCallFilter.Condition)] {
        [("tgkill", .init(argument: 0, is: UInt64(Environment.processID)))]
    }

    /// `clone`, where there is no `clone3` to start a thread with: CLONE_THREAD, so that it is no process.
    private static let cloneThread = [("clone", SystemCallFilter.Condition(argument: 0, mask: 0x10000, is: 0x10000))]

    /// F_DUPFD_CLOEXEC.
    private static let duplicate = [("fcntl", SystemCallFilter.Condition(argument: 1, is: 1030))]
    /// F_GET_SEALS.
    private static let seals = [("fcntl", SystemCallFilter.Condition(argument: 1, is: 1034))]

    /// What prctl(2) tells of the thread that asks: PR_CAPBSET_READ, PR_GET_SECUREBITS,
    /// PR_GET_NO_NEW_PRIVS, PR_CAP_AMBIENT; PR_SET_NAME, and PR_SET_NO_NEW_PRIVS, which is set already.
    private static let inspection = [23, 27, 39, 47, 15, 38].map {
        ("prctl", SystemCallFilter.Condition(argument: 0, is: $0))
    }
}

/// The lists of the children, which never see a packet: what is not on them fails. The keeper must not die before it has
/// worked, and the resolver runs libraries of the system's choice.
extension SystemCalls {
    /// Who looks after the host: by netlink, and with the files of tunnels.
    static let keeper = SystemCalls(
        names: mainThread.names + readingFiles + changingFiles + ["clock_nanosleep", "getuid", "geteuid", "getegid"],
        conditional: mainThread.conditional, probe: .parent, otherwise: .refuse)

    /// Who asks for names: files, sockets, and code of libraries that are loaded for it.
    static let resolver = SystemCalls(
        names: mainThread.names + readingFiles + startOfThread + [
            "clock_nanosleep", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait", "eventfd2", "fcntl",
            "getpeername", "getsockname", "ioctl", "mmap", "mprotect", "pipe2", "prctl", "readlink", "readlinkat",
            "rt_sigaction", "setsockopt", "sigaltstack", "socket", "socketpair", "sysinfo", "timerfd_create",
            "timerfd_settime",
            "uname",
        ],
        conditional: abort + cloneThread, probe: .parent, otherwise: .refuse)

    private static let readingFiles = [
        "access", "faccessat", "faccessat2", "getcwd", "getdents64", "lstat", "open", "openat", "stat", "statfs",
        "statx",
    ]

    private static let changingFiles = [
        "fchmod", "flock", "fsync", "mkdir", "mkdirat", "rename", "renameat", "renameat2", "rmdir", "unlink",
        "unlinkat",
    ]
}
