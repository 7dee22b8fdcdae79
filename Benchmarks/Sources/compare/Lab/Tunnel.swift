// SPDX-License-Identifier: Apache-2.0

internal import Comparison
internal import Foundation

/// A way from host a to host b that stands.
struct Tunnel {
    /// Where host b is reached through it.
    let target: String
    /// The programs that carry packets; none where the kernel does.
    let processes: [Child]

    /// - Throws: which program of it has ended, and its last words.
    func check() throws(Complaint) {
        for process in processes where process.poll() != nil {
            throw Complaint(
                "\(process.name) ended with status \(process.status ?? 0)", why: process.lastWords,
                whatNow: "try it by hand")
        }
    }
}

extension Lab {
    /// How long things may take that usually take a moment.
    private static let patience = 15.0

    /// Starts a program on each side and gives their devices addresses.
    ///
    /// - Parameters:
    ///   - mtu: the largest inner packet that still fits into one outer packet of 1500 octets; `nil` leaves it as it is.
    ///   - environment: what to add to that of the program on a side.
    ///   - command: the program and its arguments on a side.
    func pointToPoint(
        mtu: Int?, environment: (Side) -> [String: String] = { _ in [:] }, command: (Side) -> [String]
    ) throws -> Tunnel {
        var processes: [Child] = []
        for side in Side.allCases {
            processes.append(try startDaemon(side, command(side), environment: environment(side)))
        }
        let tunnel = Tunnel(target: Side.b.inner, processes: processes)
        try raise(tunnel, mtu: mtu)
        return tunnel
    }

    /// Waits for a tunnel's devices, and gives them addresses.
    func raise(_ tunnel: Tunnel, mtu: Int?) throws {
        for side in Side.allCases {
            try wait(for: tunnel, "its device did not appear on host \(side)") {
                try Lab.succeeds(["ip", "-n", Lab.namespace(side), "link", "show", Lab.device])
            }
            let width = mtu.map { " mtu \($0)" } ?? ""
            try ip(side, "link set \(Lab.device) up\(width)")
            try ip(side, "address add \(side.inner) peer \(side.other.inner) dev \(Lab.device)")
        }
    }

    /// Waits until a packet of 1400 octets comes back through the tunnel: it stands, and queues are empty again.
    func waitForPing(_ tunnel: Tunnel) throws {
        try wait(for: tunnel, "no ping of 1400 octets came back through it") {
            try Lab.succeeds(self.inside(.a, ["ping", "-n", "-c", "1", "-W", "1", "-s", "1372", tunnel.target]))
        }
    }

    /// Waits until something listens on a TCP port in the namespace of `child`.
    func waitForListener(_ child: Child, port: UInt16) throws {
        try wait(for: Tunnel(target: "", processes: [child]), "nothing listens on port \(port)") {
            let table = try? String(contentsOfFile: "/proc/\(child.id)/net/tcp", encoding: .utf8)
            return ListeningPorts.contain(port, in: table ?? "")
        }
    }

    /// Waits for a condition as long as the tunnel's programs live.
    func wait(for tunnel: Tunnel, _ failure: String, until condition: () throws -> Bool) throws {
        let isTrue = try Waiting.until(seconds: Lab.patience) {
            try tunnel.check()
            return try condition()
        }
        guard isTrue else {
            let words = tunnel.processes.last.map { "; it said last: \($0.lastWords)" } ?? ""
            throw Complaint(
                failure, why: "waited \(Decimals.time(seconds: Lab.patience))\(words)", whatNow: "try it by hand")
        }
    }

    private static func succeeds(_ words: [String]) throws -> Bool {
        do {
            try Command.run(words)
            return true
        } catch is Complaint { return false }
    }
}
