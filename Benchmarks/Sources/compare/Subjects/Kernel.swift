// SPDX-License-Identifier: Apache-2.0

extension Subject {
    /// The wire itself: what nobody on this machine can exceed.
    static let veth = Subject(name: "veth", note: "no tunnel: the ceiling") { _ in
        Tunnel(target: Side.b.underlay, processes: [])
    }

    /// The kernel's module, which does inside of the kernel what we do outside.
    ///
    /// Asking for a device of its type makes the kernel load the module, where there is one.
    static let kernelIPIP = Subject(name: "kernel-ipip", note: "the kernel's own IP-in-IP (RFC 2003)") { lab in
        for side in Side.allCases {
            try lab.ip(
                side, "link add \(Lab.device) type ipip local \(side.underlay) remote \(side.other.underlay) ttl 64")
        }
        let tunnel = Tunnel(target: Side.b.inner, processes: [])
        try lab.raise(tunnel, mtu: 1480)
        return tunnel
    }
}
