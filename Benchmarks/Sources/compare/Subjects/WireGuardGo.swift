// SPDX-License-Identifier: Apache-2.0

internal import Foundation
internal import Glibc

extension Subject {
    /// The only one that encrypts, and the only one with segmentation offload beside ours and the kernel: from 2023 on.
    static let wireGuardGo = Subject(
        name: "wireguard-go", note: "UDP, ENCRYPTED: does more work than the others",
        programs: [
            Requirement(program: "wireguard-go", package: "wireguard-go"),
            Requirement(program: "wg", package: "wireguard-tools"),
        ]
    ) { lab in
        let keys = try [Side.a: wireGuardKeys(lab, .a), .b: wireGuardKeys(lab, .b)]
        // It refuses to run where the kernel's module may be, unless told so.
        let settings = ["WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD": "1", "LOG_LEVEL": "error"]
        var processes: [Child] = []
        for side in Side.allCases {
            let daemon = try lab.startDaemon(side, ["wireguard-go", "-f", Lab.device], environment: settings)
            processes.append(daemon)
            let tunnel = Tunnel(target: Side.b.inner, processes: processes)
            // Its socket is in a /run that only it sees; nsenter joins it there.
            try lab.wait(for: tunnel, "its control socket did not appear") {
                FileManager.default.fileExists(atPath: "/proc/\(daemon.id)/root/run/wireguard/\(Lab.device).sock")
            }
            try Command.run([
                "nsenter", "-t", "\(daemon.id)", "-m", "-n", "wg", "set", Lab.device, "listen-port", "51820",
                "private-key", keys[side]?.file ?? "", "peer", keys[side.other]?.public ?? "", "endpoint",
                "\(side.other.underlay):51820", "allowed-ips", "0.0.0.0/0",
            ])
        }
        let tunnel = Tunnel(target: Side.b.inner, processes: processes)
        try lab.raise(tunnel, mtu: 1420)
        return tunnel
    }

    /// A key pair for one lab: the secret is in a file, which only root may read.
    private static func wireGuardKeys(_ lab: Lab, _ side: Side) throws -> (file: String, public: String) {
        let file = "\(lab.directory)/\(side).key"
        let make = "umask 077 && wg genkey > \(file) && wg pubkey < \(file)"
        let shown = try Command.run(["sh", "-c", make])
        return (file, shown.filter { !$0.isWhitespace })
    }
}
