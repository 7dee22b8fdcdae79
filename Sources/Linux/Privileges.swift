// SPDX-License-Identifier: Apache-2.0

internal import CLibcap
internal import CLinux
internal import Glibc

/// Giving privilege away for good, and proving it.
///
/// The order matters: the bounding set can only be emptied while CAP_SETPCAP is there, the user only be changed while
/// CAP_SETUID is, and capabilities have to go after both.
package enum Privileges {
    /// A step that this process was not allowed to take, which containers are known for.
    package enum Shortfall: Equatable, Sendable, CustomStringConvertible {
        /// The bounding set is as it was: a program with file capabilities could still have them, were it not for
        /// `no_new_privs`.
        case boundingSet
        /// The user is still this one.
        case user(UInt32)
        /// What can be reached by a path is as it was.
        case landlock(Errno)
        /// All system calls are as they were.
        case systemCalls(Errno)
        /// Neither of both, because a sanitizer watches the program.
        case sanitizer

        /// What was not done, and why.
        package var description: String {
            switch self {
            case .boundingSet: "bounding set not emptied, securebits not locked: CAP_SETPCAP missing"
            case .user(let id): "still uid \(id): CAP_SETUID and CAP_SETGID missing"
            case .landlock(let error): "files not given up: this kernel has no Landlock (\(error))"
            case .sanitizer: "files and system calls not given up: built with a sanitizer"
            case .systemCalls(let error): "system calls not given up: this kernel has no seccomp filters (\(error))"
            }
        }
    }

    /// A step that had to work and did not.
    package struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
        /// What was being done.
        package let step: String
        /// Why it failed.
        package let error: Errno
        /// Both, for people.
        package var description: String { "\(step): \(error)" }
    }

    /// Drops every capability from every set of this process and becomes `user`, irrevocably.
    ///
    /// For a process with one thread: a thread started before would keep what it has. Afterwards no executable can give
    /// anything back either (`no_new_privs`).
    /// - Returns: the steps that could not be taken because a capability for them was missing.
    package static func drop(to user: User) throws(Failure) -> [Shortfall] {
        var shortfalls = try lock()
        shortfalls += try become(user)
        try clear(keeping: [])
        return shortfalls
    }

    /// Drops every capability but `kept`, which stay usable; the user stays as it is.
    ///
    /// - Parameter group: the one supplementary group that it has from then on, where it may choose: for files that root could
    ///   read only by a capability.
    package static func reduce(to kept: [Capability], in group: UInt32? = nil) throws(Failure) -> [Shortfall] {
        if var group, Capability.setGID.isEffective {
            try attempt("choose a supplementary group") { unsafe setgroups(1, &group) }
        }
        let shortfalls = try lock()
        try clear(keeping: kept)
        return shortfalls
    }

    /// NOROOT, NO_SETUID_FIXUP, KEEP_CAPS off, NO_CAP_AMBIENT_RAISE, each with its lock: uid 0 means nothing any more.
    private static let securebits: UInt32 = 0b1110_1111

    /// Whether root is nobody special any more, for good. The corresponding C call is `prctl(PR_GET_SECUREBITS)`.
    package static var areSecurebitsLocked: Bool { UInt32(bitPattern: Int32(cap_get_secbits())) == securebits }

    private static func lock() throws(Failure) -> [Shortfall] {
        guard Capability.setPCap.isEffective else {
            return [.boundingSet]
        }
        try attempt("lock the securebits") { cap_set_secbits(securebits) }
        var capability: cap_value_t = 0
        while cap_get_bound(capability) >= 0 {
            try attempt("empty the bounding set") { cap_drop_bound(capability) }
            capability += 1
        }
        return []
    }

    private static func become(_ user: User) throws(Failure) -> [Shortfall] {
        if getuid() == user.id, geteuid() == user.id, getgid() == user.group { return [] }
        guard Capability.setUID.isEffective, Capability.setGID.isEffective else {
            return [.user(geteuid())]
        }
        try attempt("leave the supplementary groups") { setgroups(0, nil) }
        let result = clinux_set_ids(user.id, user.group)
        guard result >= 0 else { throw Failure(step: "become uid \(user.id)", error: Errno(rawValue: -result)) }
        return []
    }

    private static func clear(keeping kept: [Capability]) throws(Failure) {
        try attempt("clear the ambient set") { cap_reset_ambient() }
        guard let state = unsafe cap_init() else { throw Failure(step: "cap_init", error: .current) }
        defer { unsafe cap_free(UnsafeMutableRawPointer(state)) }
        let values = kept.map(\.rawValue)
        for set in [CAP_PERMITTED, CAP_EFFECTIVE] where !values.isEmpty {
            try attempt("choose capabilities") { unsafe cap_set_flag(state, set, Int32(values.count), values, CAP_SET) }
        }
        try attempt("drop the capabilities") { unsafe cap_set_proc(state) }
        let result = clinux_prctl(PR_SET_NO_NEW_PRIVS, 1)
        guard result >= 0 else { throw Failure(step: "set no_new_privs", error: Errno(rawValue: -result)) }
    }

    private static func attempt(_ step: String, _ call: () -> Int32) throws(Failure) {
        guard call() >= 0 else { throw Failure(step: step, error: .current) }
    }
}
