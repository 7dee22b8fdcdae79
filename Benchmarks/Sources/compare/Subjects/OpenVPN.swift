// SPDX-License-Identifier: Apache-2.0

extension Subject {
    /// Point to point without TLS: packets as they are, in UDP.
    static let openVPN = Subject(
        name: "openvpn", note: "UDP, cipher none, auth none",
        programs: [Requirement(program: "openvpn", package: "openvpn")]
    ) { lab in
        try lab.pointToPoint(mtu: 1472) { side in
            [
                "openvpn", "--dev", Lab.device, "--dev-type", "tun", "--local", side.underlay, "--remote",
                side.other.underlay, "--port", "1194", "--cipher", "none", "--auth", "none", "--data-ciphers", "none",
                "--tun-mtu", "1472", "--mssfix", "0", "--sndbuf", "0", "--rcvbuf", "0", "--verb", "3",
            ]
        }
    }
}
