// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Names of the lab's own: a host file, and who is asked beside it.
struct NameBook {
    let lab: Lab
    /// What runs a program that finds these names.
    let wrapper: [String]

    /// With `nameserver` as the only one; `nil` for none.
    init(_ lab: Lab, nameserver: String? = nil, _ entries: String...) throws {
        self.lab = lab
        let order = nameserver == nil ? "files" : "files dns"
        try Files.replace("\(lab.directory)/hosts", with: [], mode: 0o644)
        try Files.replace("\(lab.directory)/nsswitch", with: Array("hosts: \(order)\n".utf8), mode: 0o644)
        let server = nameserver.map { "nameserver \($0)\n" } ?? ""
        try Files.replace("\(lab.directory)/resolv", with: Array(server.utf8), mode: 0o644)
        let script = """
            mount -t tmpfs tmpfs /etc; echo multi on > /etc/host.conf
            cd "$1"; shift
            for pair in hosts:hosts nsswitch:nsswitch.conf resolv:resolv.conf; do
                touch /etc/${pair#*:}; mount --bind ${pair%:*} /etc/${pair#*:}
            done
            exec "$@"
            """
        wrapper = ["unshare", "-m", "sh", "-ec", script, "sh", lab.directory]
        try write(entries)
    }

    /// Replaces what the host file says, in place: it is what is mounted.
    func write(_ entries: [String]) throws {
        let lines = entries.map { "\($0)\n" }.joined()
        try Lab.command("sh", "-ec", "printf %s \"$1\" > \"$2\"", "sh", lines, "\(lab.directory)/hosts")
    }
}
