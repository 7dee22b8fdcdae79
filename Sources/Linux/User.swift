// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// Who a process runs as.
package struct User: Equatable, Sendable {
    /// uid.
    package let id: UInt32
    /// gid of the primary group.
    package let group: UInt32

    /// Names both.
    package init(id: UInt32, group: UInt32) {
        self.id = id
        self.group = group
    }

    /// The user of this name in the system's database; `nil` when there is none. The corresponding C function is `getpwnam`.
    package init?(named name: String) {
        guard let entry = unsafe getpwnam(name) else { return nil }
        id = unsafe entry.pointee.pw_uid
        group = unsafe entry.pointee.pw_gid
    }

    /// 65534, the user that owns nothing.
    package static let nobody = User(id: 65_534, group: 65_534)

    /// Whether the user namespace of this process has such a user: a container may have few (user_namespaces(7)).
    package var isPossible: Bool {
        let map = (try? Files.read("/proc/self/uid_map")) ?? ""
        return map.split(separator: "\n").contains { line in
            let numbers = line.split(separator: " ").compactMap { UInt64($0) }
            return numbers.count == 3 && UInt64(id) >= numbers[0] && UInt64(id) < numbers[0] + numbers[2]
        }
    }

    /// Who runs this process now.
    package static var current: User { User(id: geteuid(), group: getegid()) }
}
