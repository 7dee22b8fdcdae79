// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization
import Testing

extension Trait where Self == ConditionTrait {
    /// For tests that boot a Debian: `make test-systemd` makes the tree, and says where it and the program are.
    static var needsTree: Self {
        .enabled(if: geteuid() == 0 && Container.tree != nil, "needs root and 'make test-systemd'")
    }
}

/// A machine with systemd, or a container with one program, which goes with whatever it did: what is written to its disk is
/// kept in memory.
final class Container {
    let name: String
    private let machine: ChildProcess
    private let log: String
    /// What its first process is called (`/proc/PID/comm`).
    private let first: String
    /// The first process in it, as numbered out here.
    private(set) var leader: Int32 = 0

    /// The tree that all of them boot.
    static let tree = Environment.value("IPTUND_TREE")
    private static let count = Atomic(0)

    /// What it has printed, where it runs one program.
    var text: String { (try? Files.read(log)) ?? "" }

    /// Boots a machine, and waits until it is up.
    convenience init(_ options: [String] = []) throws {
        // Containers refuse what they do not know; here the machine stands for a real one.
        let landlock = "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self"
        try self.init(["--boot", "--private-network", landlock] + options, first: "systemd", running: [])
    }

    /// Starts one program in a container, and waits until it says that a tunnel is up.
    convenience init(_ options: [String], running words: [String]) throws {
        let first = words.first?.split(separator: "/").last.map(String.init) ?? ""
        try self.init(options, first: first, running: words)
    }

    private init(_ options: [String], first: String, running words: [String]) throws {
        let tree = try #require(Container.tree)
        name = "iptund-\(getpid())-\(Container.count.add(1, ordering: .relaxed).newValue)"
        log = "/tmp/\(name).log"
        self.first = first
        let nspawn = [
            "systemd-nspawn", "--quiet", "--directory=\(tree)", "--volatile=overlay", "--register=no", "--keep-unit",
            "--machine=\(name)", "--console=pipe",
        ]
        machine = try ChildProcess.start(
            ["unshare", "-m", "sh", "-ec", Container.entering(name), "sh"] + nspawn + options + words,
            output: .file(log))
        do {
            try eventually("\(name) has a first process") { findLeader() }
            try eventually("\(name) is up") { try isUp }
        } catch {
            let said = text
            clear()
            throw BootFailure(reason: error, text: said)
        }
    }

    /// Moves the shell into control groups of its own, then becomes what the other arguments say: two machines in one
    /// control group would each take the other's processes for theirs.
    ///
    /// The container's /dev/net/tun gets the mode of ours, which is root's alone on a machine without udev.
    private static func entering(_ name: String) -> String {
        """
        exec < /dev/null
        mount -t tmpfs -o mode=755 tmpfs /dev/net; mknod -m 666 /dev/net/tun c 10 200
        for group in \(groups(name)); do mkdir $group; echo $$ > $group/cgroup.procs; done
        exec "$@"
        """
    }

    private static func groups(_ name: String) -> String {
        let roots = ["", "/unified", "/systemd"].map { "/sys/fs/cgroup\($0)" }
        return roots.filter { Files.exists("\($0)/cgroup.procs") }.map { "\($0)/\(name)" }.joined(separator: " ")
    }

    /// Of the children that nspawn has one after the other, only the last becomes the container's first process.
    private func findLeader() -> Bool {
        let path = "/proc/\(machine.id)/task/\(machine.id)/children"
        let children = ((try? Files.read(path)) ?? "").split(separator: " ").compactMap { Int32($0) }
        guard let child = children.first(where: { (try? Files.read("/proc/\($0)/comm")) == "\(first)\n" }) else {
            return false
        }
        leader = child
        return true
    }

    private var isUp: Bool {
        get throws {
            if let status = machine.poll() { throw EndedTooEarly(status: status) }
            guard first == "systemd" else { return text.contains(" is up: ") }
            let text = try run(["systemctl", "is-system-running"]).text
            return ["running\n", "degraded\n"].contains(text)
        }
    }

    /// Ends it at once, and leaves nothing.
    func clear() {
        // All of its processes go with the first one.
        if leader != 0 { kill(leader, SIGKILL) } else { machine.signal(SIGKILL) }
        try? eventually("\(name) is gone") { machine.poll() != nil }
        let script = """
            for group in \(Container.groups(name)); do
                [ ! -d $group ] || find $group -depth -type d -exec rmdir {} +
            done
            rm -f \(log)
            """
        try? eventually("\(name) leaves nothing") { try ChildProcess.run(["sh", "-c", script]).status == 0 }
    }
}

/// A machine that did not come up.
struct BootFailure: Error {
    let reason: any Error
    let text: String
}

/// A machine that ended by itself.
struct EndedTooEarly: Error { let status: Int32 }
