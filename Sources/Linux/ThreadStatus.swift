// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// What a thread may do, as the kernel tells it in /proc/PID/task/TID/status (proc(5)).
package struct ThreadStatus: Equatable, Sendable {
    /// The thread, as the kernel numbers it.
    package let id: Int
    /// Inheritable, permitted, effective, bounding and ambient set: 0 is empty.
    package let inheritable: UInt64, permitted: UInt64, effective: UInt64, bounding: UInt64, ambient: UInt64
    /// Whether no executable can give privilege back.
    package let hasNoNewPrivileges: Bool
    /// The effective user.
    package let user: UInt32

    init(
        id: Int, inheritable: UInt64, permitted: UInt64, effective: UInt64, bounding: UInt64, ambient: UInt64,
        hasNoNewPrivileges: Bool, user: UInt32
    ) {
        self.id = id
        (self.inheritable, self.permitted, self.effective) = (inheritable, permitted, effective)
        (self.bounding, self.ambient) = (bounding, ambient)
        self.hasNoNewPrivileges = hasNoNewPrivileges
        self.user = user
    }

    /// Reads the text of a status file; `nil` when a line is missing.
    package init?(id: Int, text: String) {
        var fields: [Substring: Substring] = [:]
        for line in text.split(separator: "\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            fields[line[..<colon]] = line[line.index(after: colon)...].drop { $0 == "\t" || $0 == " " }
        }
        func set(_ name: Substring) -> UInt64? { fields[name].flatMap { UInt64($0, radix: 16) } }
        guard let inheritable = set("CapInh"), let permitted = set("CapPrm"), let effective = set("CapEff"),
            let bounding = set("CapBnd"), let ambient = set("CapAmb"), let noNewPrivileges = fields["NoNewPrivs"],
            let users = fields["Uid"]?.split(separator: "\t"), users.count == 4, let user = UInt32(users[1])
        else { return nil }
        self.init(
            id: id, inheritable: inheritable, permitted: permitted, effective: effective, bounding: bounding,
            ambient: ambient, hasNoNewPrivileges: noNewPrivileges == "1", user: user)
    }

    /// Whether nothing is left: `bounding` may stay where CAP_SETPCAP was missing.
    package func isPowerless(allowingBounding: Bool) -> Bool {
        inheritable == 0 && permitted == 0 && effective == 0 && ambient == 0 && hasNoNewPrivileges
            && (allowingBounding || bounding == 0)
    }

    /// Every thread of this process.
    /// - Throws: what reading /proc threw; `Errno.invalidArgument` when a status cannot be understood.
    package static func all() throws(Errno) -> [ThreadStatus] {
        var threads: [ThreadStatus] = []
        for entry in try Files.entries("/proc/self/task") {
            guard let id = Int(entry) else { continue }
            let text: String
            do throws(Errno) {
                text = try Files.read("/proc/self/task/\(entry)/status")
            } catch .noSuchFile, .noSuchProcess {
                continue  // It ended just now.
            }
            guard let status = ThreadStatus(id: id, text: text) else { throw .invalidArgument }
            threads.append(status)
        }
        return threads
    }
}
