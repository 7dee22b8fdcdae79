// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// The directory of one running tunnel: its control socket, its lock, and what it changed.
///
/// A tunnel is named within its network namespace, but namespaces share /run (ip-netns(8)): outside of the first one the
/// directory carries the namespace's number, so that the same name may live in both.
struct RuntimeDirectory: Equatable {
    /// Where the files lie.
    let path: String
    /// The tunnel's name.
    let name: String
    /// Whether it lies where we choose.
    private let isDefault: Bool
    /// Whether this process made it.
    private var isMade = false

    /// Whether it is ours to remove: where we choose places, or where we made it.
    private var isOurs: Bool { isDefault || isMade || path.hasPrefix("\(RuntimeDirectory.base)/") }

    /// Where directories of tunnels lie, unless somebody says otherwise.
    static let base = "/run/iptund"

    /// Where `name` lies for this namespace, or where `override` says.
    init(name: String, namespace: NetworkNamespace, override: String?) {
        self.name = name
        path = override ?? "\(RuntimeDirectory.base)/\(name)\(RuntimeDirectory.suffix(namespace))"
        isDefault = override == nil
    }

    private init(path: String, name: String) {
        self.path = path
        self.name = name
        isDefault = true
    }

    /// What systemd gives a unit with `RuntimeDirectory=`; it may name several, ours is the first.
    static var fromEnvironment: String? {
        Environment.value("RUNTIME_DIRECTORY")?.split(separator: ":").first.map(String.init)
    }

    /// The directories that tunnels of a namespace may have, running or left over: all of them, or those of `name`.
    ///
    /// systemd makes a directory without the namespace's number, so outside of the first namespace, as in a container,
    /// a plain one may be of this namespace too. Only its tunnel can tell.
    static func candidates(in namespace: NetworkNamespace, named name: String? = nil) -> [RuntimeDirectory] {
        guard let entries = try? Files.entries(base) else { return [] }
        let suffix = suffix(namespace)
        return entries.compactMap { entry in
            guard !entry.hasPrefix(".") else { return nil }
            let isNumbered = !suffix.isEmpty && entry.hasSuffix(suffix)
            guard isNumbered || !entry.contains("@") else { return nil }
            let found = isNumbered ? String(entry.dropLast(suffix.count)) : entry
            guard name == nil || name == found else { return nil }
            return RuntimeDirectory(path: "\(base)/\(entry)", name: found)
        }
    }

    private static func suffix(_ namespace: NetworkNamespace) -> String {
        namespace.isFirst ? "" : "@\(namespace.inode)"
    }

    var controlSocket: String { "\(path)/control.sock" }
    /// Where the keeper takes orders.
    var keeperSocket: String { "\(path)/keeper.sock" }
    var lock: String { "\(path)/lock" }
    /// ``TunnelState``, which outlives a tunnel that could not take its changes back.
    var state: String { "\(path)/state.json" }

    /// What a command about this tunnel has to be told to find it; empty where it looks by itself.
    var option: String { path.hasPrefix("\(RuntimeDirectory.base)/") ? "" : " --runtime-directory \(path)" }

    /// Where the directories of all tunnels lie.
    var parent: String {
        let parts = path.split(separator: "/").dropLast()
        return parts.isEmpty ? "/" : parts.reduce("") { "\($0)/\($1)" }
    }

    /// The directories beside this one, itself included.
    var siblings: [String] {
        ((try? Files.entries(parent)) ?? []).filter { !$0.hasPrefix(".") }.map { "\(parent)/\($0)" }
    }

    /// Makes the directory and its parent, if they are missing.
    ///
    /// It stays root's, whoever the daemon becomes, where root starts it: who may write in it could have the next start, as
    /// root, follow a symbolic link. The keeper, which stays root's too, removes what is in it.
    mutating func create(attempts: Int = 5) throws(Complaint) {
        do throws(Errno) {
            if isDefault { try Files.makeDirectory(RuntimeDirectory.base, mode: 0o755) }
            if try Files.makeDirectory(path, mode: 0o755) { isMade = true }
        } catch .noSuchFile where isDefault && attempts > 1 {
            // The last of the other tunnels ended just now, and took the empty parent with it.
            return try create(attempts: attempts - 1)
        } catch {
            throw Complaint(
                "cannot make the directory \(path)", error, whatNow: "give another one with --runtime-directory")
        }
    }

    /// Makes the directory root's again that tunnels of the user iptund had before, where root is to have it. Who could
    /// write in it could have root follow a symbolic link.
    ///
    /// For who holds the lock in it: nobody else is at work there.
    func takeOver() {
        guard User.current.id == 0, path.hasPrefix("\(RuntimeDirectory.base)/") else { return }
        Files.give(path, user: 0, group: 0)
        Files.setMode(path, 0o755)
    }

    /// Removes what a tunnel leaves there, and every directory of ours that is empty then.
    func remove() {
        // Together with what is left of a state that was just being written when somebody was killed.
        let files = ((try? Files.entries(path)) ?? []).filter { $0.hasPrefix("state.json") }
        for file in files { Files.remove("\(path)/\(file)") }
        removeAllButState()
        guard isOurs else { return }
        if path.hasPrefix("\(RuntimeDirectory.base)/") {
            Files.removeMountedDirectory(path)
        } else {
            Files.removeDirectory(path)
        }
        Files.removeDirectory(RuntimeDirectory.base)
    }

    /// Removes what a tunnel leaves there but for the list of what is still to be taken back.
    func removeAllButState() {
        Files.remove(controlSocket)
        Files.remove(keeperSocket)
        Files.remove(lock)
    }
}
