// SPDX-License-Identifier: Apache-2.0

extension Subject {
    /// Ours, as it is without any option about speed.
    static func iptund(_ path: String) -> Subject {
        Subject(
            name: "iptund", note: "IP-in-IP (RFC 2003), defaults", versionCommand: [path, "--version"]
        ) { lab in
            let processes = try Side.allCases.map { side in
                try lab.startDaemon(
                    side,
                    [
                        path, "up", "--peer", side.other.underlay, "--local", side.underlay, "--device", Lab.device,
                        "--runtime-directory", "\(lab.directory)/\(side)",
                    ])
            }
            let tunnel = Tunnel(target: Side.b.inner, processes: processes)
            for process in processes {
                try lab.wait(for: tunnel, "it did not say that it is up") { process.text.contains(" is up: ") }
            }
            try lab.raise(tunnel, mtu: nil)
            return tunnel
        }
    }
}
