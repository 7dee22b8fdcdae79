// SPDX-License-Identifier: Apache-2.0

extension Subject {
    /// One packet in one UDP datagram, and nothing else.
    ///
    /// It is configured by its environment. With `IFACE` set, as ifupdown does, the names begin with `IF_QT_`; Debian's
    /// build reads only those.
    static let quicktun = Subject(
        name: "quicktun", note: "UDP, protocol raw: no encryption",
        programs: [Requirement(program: "quicktun", package: "quicktun")]
    ) { lab in
        let environment = { (side: Side) in
            [
                "IFACE": Lab.device, "IF_QT_PROTOCOL": "raw", "IF_QT_INTERFACE": Lab.device, "IF_QT_TUN_MODE": "1",
                "IF_QT_LOCAL_ADDRESS": side.underlay, "IF_QT_REMOTE_ADDRESS": side.other.underlay,
                "IF_QT_LOCAL_PORT": "2998", "IF_QT_REMOTE_PORT": "2998",
            ]
        }
        return try lab.pointToPoint(mtu: 1472, environment: environment) { _ in ["quicktun"] }
    }
}
