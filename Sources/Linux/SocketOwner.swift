// SPDX-License-Identifier: Apache-2.0

/// The process that has a socket open.
package struct SocketOwner: Equatable, Sendable {
    package let process: Int32
    /// What the process is called, at most 15 octets (`/proc/PID/comm`).
    package let command: String

    /// Who has these sockets, by their inodes. What is not found belongs to processes that we may not look into, or that
    /// live in another process namespace. `lsof` asks likewise.
    ///
    /// Requires `CAP_SYS_PTRACE` for other users' processes.
    package static func find(_ inodes: Set<UInt64>) -> [UInt64: SocketOwner] {
        var owners: [UInt64: SocketOwner] = [:]
        guard !inodes.isEmpty else { return owners }
        let targets = Dictionary(uniqueKeysWithValues: inodes.map { ("socket:[\($0)]", $0) })
        for name in (try? Files.entries("/proc")) ?? [] {
            guard let process = Int32(name) else { continue }
            for descriptor in (try? Files.entries("/proc/\(name)/fd")) ?? [] {
                guard let target = Files.linkTarget("/proc/\(name)/fd/\(descriptor)"), let inode = targets[target],
                    owners[inode] == nil
                else { continue }
                let command = (try? Files.read("/proc/\(name)/comm")) ?? "?"
                owners[inode] = SocketOwner(process: process, command: String(command.prefix { $0 != "\n" }))
                if owners.count == inodes.count { return owners }
            }
        }
        return owners
    }
}
