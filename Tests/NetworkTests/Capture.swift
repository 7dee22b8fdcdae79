// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// What passes an interface, seen by tcpdump and judged by tshark.
struct Capture {
    private let host: Host
    private let process: Running
    private let file: String

    /// Packets so far.
    private var count: Int {
        // "tcpdump: 12 packets captured, 12 packets received by filter, …", after each SIGUSR1.
        let words = process.lines.last { $0.contains("captured") }?.split(separator: " ") ?? []
        return words.firstIndex { $0.hasPrefix("packet") }.flatMap { $0 > 0 ? Int(words[$0 - 1]) : nil } ?? 0
    }

    fileprivate init(_ host: Host, _ device: String, _ filter: String) throws {
        self.host = host
        file = "\(host.lab.directory)/\(host.namespace)-\(Clock.wall).pcap"
        process = try host.start([
            "tcpdump", "-Z", "root", "-U", "--immediate-mode", "-i", device, "-w", file, filter,
        ])
        try process.waitFor("listening on")
    }

    /// What was captured so far, as tcpdump prints it, for whoever wants to know what it was.
    func list() throws -> String {
        process.signal(SIGINT)
        _ = try process.wait()
        return try host.shell("tcpdump -nnr \(file) 2>/dev/null")
    }

    /// Waits until there are `count` packets and ends; then these fields of all packets, or of those that match `filter`.
    func fields(of count: Int, _ names: String..., where filter: String = "ip") throws -> [[String]] {
        try eventually("\(count) packets are captured") {
            process.signal(SIGUSR1)
            return self.count >= count
        }
        process.signal(SIGINT)
        #expect(try process.wait() == 0)
        let options = "-o ip.defragment:FALSE -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE"
        let wanted = names.map { "-e \($0)" }.joined(separator: " ")
        let text = try host.shell("tshark -r \(file) \(options) -Y '\(filter)' -T fields \(wanted) 2>/dev/null")
        return text.split(separator: "\n").map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }
}

extension Host {
    /// Starts to capture what passes `device`.
    func capture(_ device: String, _ filter: String) throws -> Capture { try Capture(self, device, filter) }

    /// Counts from now on what arrives and matches, by nftables, which never misses one.
    func startCounting(_ match: String) throws {
        try shell(
            """
            nft add table ip watch
            nft 'add chain ip watch arriving { type filter hook prerouting priority -400; }'
            nft 'add rule ip watch arriving \(match) counter'
            """)
    }

    /// How many there were so far.
    func counted() throws -> Int {
        // "ip protocol ipencap counter packets 3 bytes 312"
        let words = try shell("nft list table ip watch").split(whereSeparator: \.isWhitespace)
        let place = try #require(words.firstIndex(of: "packets"))
        return try #require(Int(words[place + 1]))
    }

    /// Refuses what it would forward, or send itself, as a firewall does: `"forward"`, `"ip protocol 4 drop"`.
    func filter(_ hook: String, _ rule: String) throws {
        try shell(
            """
            nft add table ip wall
            nft 'add chain ip wall \(hook) { type filter hook \(hook) priority 0; }'
            nft 'add rule ip wall \(hook) \(rule)'
            """)
    }
}
