// SPDX-License-Identifier: Apache-2.0

/// A host between a network and its tunnels' peer.
struct Gateway {
    let a: Host
    let b: Host
    let left: Host
}

extension Lab {
    /// A gateway with a host behind it, and another gateway.
    ///
    /// ```
    ///   left  10.20.1.9/24 ─── 10.20.1.1/24  a  192.0.2.1/24 ──── 192.0.2.2/24  b
    ///                 eth0 ═══ lan              eth0 ════════════ eth0
    /// ```
    func gateway() throws -> Gateway {
        let (a, b, left) = (added("a"), added("b"), added("left"))
        try build(
            [a, b, left],
            [
                Cable(a, "eth0", "192.0.2.1/24", b, "eth0", "192.0.2.2/24"),
                Cable(a, "lan", "10.20.1.1/24", left, "eth0", "10.20.1.9/24"),
            ])
        return Gateway(a: a, b: b, left: left)
    }
}
