// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import FoundationEssentials
internal import Linux
internal import Wire

/// What a running tunnel has changed on its host, written down before anything is changed: `state.json`.
///
/// Values, never commands. Whoever reads it may take back what it lists, and nothing else. The user that tunnels run as may have
/// written it, and root reads it (``Testimony``).
struct TunnelState: Codable, Equatable {
    /// Grows by one when an older program would misunderstand.
    var schema = TunnelState.schema
    var name: String
    /// The boot of the kernel that the changes were made on; where the state lies in memory, always this one.
    var boot: String
    /// The inode of the network namespace that the tunnel was started in, and belongs to.
    var home: UInt64
    /// What tells the one that the device is in from all others of this boot.
    var namespace: UInt64
    /// The name of that namespace, if it is not the one of the daemon.
    var namespaceName: String?
    var device: HostChange.Device
    /// Where the device's own routing table and rules are, if it has any.
    var routing: PolicyRouting?
    /// What its outer packets are marked with; `nil` in a list of a version before.
    var mark: PacketMark?
    /// Where peers were last that are known by name, by the name in lower case.
    var addresses: [String: IPv4Address]?
    /// In the order in which they are made.
    var steps: [Step]
    /// The configuration file that the tunnel was started with.
    var file: String?
    /// What the tunnel was asked to be, as a configuration file would say it.
    var configuration: String

    static let schema = 1

    /// What is there to outlive a daemon that dies: barriers, and the rules that lead to those in a table of our own.
    var killSwitch: [Step] {
        let barriers = steps.filter(\.change.isKillSwitch)
        let isBehindRules = barriers.contains { step in
            if case .route(let route, _) = step.change { route.table == routing?.table } else { false }
        }
        guard isBehindRules else { return barriers }
        return steps.filter { step in
            if case .rule = step.change { true } else { step.change.isKillSwitch }
        }
    }

    /// The running kernel's mark, which changes with each boot.
    static var currentBoot: String {
        let text = (try? Files.read("/proc/sys/kernel/random/boot_id")) ?? ""
        return String(text.prefix { !$0.isWhitespace })
    }

    /// Replaces the file as a whole: a reader finds the old state or the new one.
    func write(to path: String) throws(Complaint) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else {
            throw Complaint("cannot write \(path)", why: "the state cannot be encoded", whatNow: "please report this")
        }
        do throws(Errno) {
            try Files.replace(path, with: Array(data), mode: Testimony.mode, owner: Testimony.owner(of: path))
        } catch {
            throw Complaint("cannot write \(path)", error, whatNow: "is the file system full, or read-only?")
        }
    }

    /// What a tunnel left at `path`; `nil` when there is nothing.
    /// - Throws: that it is not what we write, so that nobody knows what to take back.
    static func read(_ path: String) throws(Complaint) -> TunnelState? { try Testimony.read(path)?.state }
}
