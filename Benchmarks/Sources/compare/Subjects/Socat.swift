// SPDX-License-Identifier: Apache-2.0

extension Subject {
    /// The same packets on the wire as ours, one system call for each.
    static let socat = Subject(
        name: "socat", note: "IP-in-IP, one packet for each system call; trusts everybody",
        programs: [Requirement(program: "socat", package: "socat")]
    ) { lab in
        try lab.pointToPoint(mtu: 1480) { side in
            [
                "socat", "IP4-DATAGRAM:\(side.other.underlay):4,bind=\(side.underlay)",
                "TUN,tun-name=\(Lab.device),iff-no-pi,iff-up",
            ]
        }
    }
}
