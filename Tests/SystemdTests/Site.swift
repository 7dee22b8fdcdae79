// SPDX-License-Identifier: Apache-2.0

import Linux
import Testing

/// Two machines on one link, each with the program and its unit.
///
/// ```
///   10.9.0.1  x ·················································· x  10.9.0.2
///       a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
struct Site {
    let a: Unit
    let b: Unit

    /// What the file of the tunnel at `a` says.
    static let fileOfA = file("10.9.0.1 peer 10.9.0.2", peer: "192.0.2.2")
    /// What that at `b` says.
    static let fileOfB = file("10.9.0.2 peer 10.9.0.1", peer: "192.0.2.1")

    /// Runs `body` with both booted and no tunnel started; whatever happens, they are gone afterwards.
    static func open(_ body: (Site) throws -> Void) throws {
        try Unit.open { a in
            try Unit.open { b in
                try connect(a.container, b.container)
                try a.configure(fileOfA)
                try b.configure(fileOfB)
                try body(Site(a: a, b: b))
            }
        }
    }

    /// Starts both.
    func start() throws {
        try a.start()
        try b.start()
    }

    /// Echo requests from `a` that came back through the tunnel, of three.
    func ping() throws -> Int {
        let text = try a.container.net("sh", "-c", "ping -n -q -c 3 -i 0.2 -W 2 10.9.0.2 || true")
        // "3 packets transmitted, 3 received, 0% packet loss, time 41ms"
        let counts = text.split(separator: "\n").first { $0.contains("packets transmitted") }
        return counts?.split(separator: ", ").dropFirst().first?.split(separator: " ").first.flatMap { Int($0) } ?? 0
    }

    /// Waits until an echo request comes back.
    func waitForTraffic() throws {
        try eventually("an echo comes back") {
            try a.container.net("sh", "-c", "ping -n -q -c 1 -W 1 10.9.0.2 || true").contains(" 1 received")
        }
    }

    private static func file(_ address: String, peer: String) -> String {
        """
        [Interface]
        Address = \(address)
        [Peer]
        Endpoint = \(peer)

        """
    }

    /// A link between two containers, up at both ends.
    static func connect(_ left: Container, _ right: Container) throws {
        try left.net(
            "ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", "\(right.leader)")
        for (container, address) in [(left, "192.0.2.1/24"), (right, "192.0.2.2/24")] {
            try container.net("ip", "link", "set", "eth0", "addrgenmode", "none", "up")
            try container.net("ip", "address", "add", address, "dev", "eth0")
        }
        for container in [left, right] {
            try eventually("eth0 is up") { try container.net("ip", "link", "show", "eth0").contains("state UP") }
        }
    }
}
