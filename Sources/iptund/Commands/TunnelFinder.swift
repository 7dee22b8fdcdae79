// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Linux

/// The directories of tunnels by name, running or left over.
enum TunnelFinder {
    /// Those of this network namespace that a tunnel `name` may have; usually one.
    static func directories(of name: String, override: String?) throws(Complaint) -> [RuntimeDirectory] {
        let namespace = try explaining("cannot tell the network namespace", whatNow: "mount /proc") {
            () throws(Errno) in try NetworkNamespace.current()
        }
        if let path = override ?? RuntimeDirectory.fromEnvironment.flatMap({ $0.hasSuffix("/\(name)") ? $0 : nil }) {
            return [RuntimeDirectory(name: name, namespace: namespace, override: path)]
        }
        var directories: [RuntimeDirectory] = []
        for directory in RuntimeDirectory.candidates(in: namespace, named: name) {
            // Another namespace's tunnel may lie under the plain name. One whose list cannot be read can still be asked.
            if let state = try? TunnelState.read(directory.state), state.home != namespace.inode { continue }
            directories.append(directory)
        }
        return directories
    }
}
