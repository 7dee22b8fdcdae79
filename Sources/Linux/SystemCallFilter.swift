// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import CSeccomp
internal import Glibc

/// A list of the system calls that a thread may still make, for good: itself, and all that it starts.
///
/// Several filters add up: what one of them forbids is forbidden. The corresponding C calls are those of seccomp(3), and
/// `seccomp(2)`, which requires `no_new_privs`.
@safe package struct SystemCallFilter: ~Copyable {
    private let context: scmp_filter_ctx
    private let otherwise: Otherwise

    /// What becomes of a call that is on no list.
    package enum Otherwise: Sendable {
        /// The process dies of SIGSYS before the call does anything: it is not in our hands any more.
        case kill
        /// The call fails: where somebody else's library may try something that it can do without.
        case refuse
    }

    /// When a call is allowed at all: its argument number `argument`, under `mask`, is `value`.
    package struct Condition: Sendable {
        let argument: UInt32
        let mask: UInt64
        let value: UInt64

        package init(argument: UInt32, mask: UInt64 = .max, is value: UInt64) {
            (self.argument, self.mask, self.value) = (argument, mask, value)
        }

        fileprivate var comparison: scmp_arg_cmp {
            scmp_arg_cmp(arg: argument, op: SCMP_CMP_MASKED_EQ, datum_a: mask, datum_b: value)
        }
    }

    /// A filter that allows nothing yet.
    package init(otherwise: Otherwise) throws(Errno) {
        let action =
            switch otherwise {
            case .kill: SCMP_ACT_KILL_PROCESS
            case .refuse: SystemCallFilter.refusal
            }
        guard let context = unsafe seccomp_init(action) else { throw .invalidArgument }
        unsafe self.context = unsafe context
        self.otherwise = otherwise
    }

    deinit { unsafe seccomp_release(context) }

    /// Allows the calls of these names. What this machine does not know is passed over: it cannot be called either.
    package func allow(_ names: [String]) throws(Errno) {
        for name in names { try add(SCMP_ACT_ALLOW, name, []) }
    }

    /// Allows a call when all conditions hold.
    package func allow(_ name: String, if conditions: [Condition]) throws(Errno) {
        try add(SCMP_ACT_ALLOW, name, conditions)
    }

    /// Lets a call fail with EPERM, whatever would become of it otherwise.
    package func refuse(_ name: String) throws(Errno) {
        // The library refuses what goes without saying.
        if otherwise == .kill { try add(SystemCallFilter.refusal, name, []) }
    }

    /// From here on this thread goes by the filter.
    /// - Throws: what `seccomp(2)` threw: `EINVAL`, `ENOSYS` where the kernel has no filters.
    package consuming func load() throws(Errno) {
        // By another architecture's numbers every list would say something else.
        try SystemCallFilter.check(
            unsafe seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS))
        // Before Linux 5.16 a filter would also slow down the processor (Speculative Store Bypass), for the sake of code that a
        // process runs for others. There is none here.
        try SystemCallFilter.check(unsafe seccomp_attr_set(context, SCMP_FLTATR_CTL_SSB, 1))
        try SystemCallFilter.check(unsafe seccomp_load(context))
    }

    private func add(_ action: UInt32, _ name: String, _ conditions: [Condition]) throws(Errno) {
        let number = unsafe seccomp_syscall_resolve_name(name)
        guard number != SystemCallFilter.unknown else { return }
        let comparisons = conditions.map(\.comparison)
        try SystemCallFilter.check(
            unsafe seccomp_rule_add_array(context, action, number, UInt32(comparisons.count), comparisons))
    }

    /// `__NR_SCMP_ERROR`.
    private static let unknown: Int32 = -1
    /// `SCMP_ACT_ERRNO(EPERM)`.
    private static var refusal: UInt32 { 0x0005_0000 | UInt32(EPERM) }

    private static func check(_ result: Int32) throws(Errno) {
        guard result >= 0 else { throw Errno(rawValue: -result) }
    }
}

extension SystemCallFilter {
    /// Calls that cannot fail and that nobody needs: to see that a filter which refuses one is in force.
    package enum Probe: String, Sendable {
        case parent = "getppid"
        case processGroup = "getpgid"

        /// Whether the call is refused. Without a filter that does so, it is not.
        ///
        /// The C library passes on what the kernel returns without looking at it: -EPERM, which is -1.
        package var isRefused: Bool {
            switch self {
            case .parent: getppid() == -1
            case .processGroup: getpgid(0) == -1
            }
        }
    }
}
