// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing
import Wire
@testable import iptund

/// What `iptund capture` shows of a running tunnel, and what that costs the tunnel: nothing.
///
/// ```
///   10.9.0.1  iptun0 ·················································· iptun0  10.9.0.2, allows 10.9.0.1 alone
///                    a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
/// ```
@Suite(.needsRoot)
struct PacketCaptureTests {
    private func pair(_ lab: Lab, _ options: [String] = []) throws -> (a: Tunnel, b: Tunnel) {
        let (a, b) = try lab.pair()
        let allowed = ["--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32"]
        let tunnels = (try lab.upA(a), try b.up(allowed + options))
        try a.shell("ip address add 10.66.0.1/32 dev iptun0")
        return tunnels
    }

    /// Starts a capture, and waits until nothing passes unseen.
    private func capture(_ tunnel: Tunnel, _ options: String...) throws -> Running {
        let process = try tunnel.host.start([Host.program, "capture", tunnel.name] + options)
        try process.waitFor("capturing \(tunnel.name)")
        return process
    }

    /// These fields of all packets in a file, as tshark reads them.
    private func fields(_ host: Host, _ file: String, _ names: String...) throws -> [[String]] {
        let wanted = names.map { "-e \($0)" }.joined(separator: " ")
        let text = try host.shell("tshark -r \(file) -o ip.check_checksum:TRUE -T fields \(wanted) 2>/dev/null")
        return text.split(separator: "\n").map { line in
            line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test func `both directions are seen outside and inside, and why a packet is dropped`() throws {
        try Lab.open { lab in
            let (a, b) = try pair(lab)
            let (all, drops) = ("\(lab.directory)/all.pcapng", "\(lab.directory)/drops.pcapng")
            let captures = [try capture(b, "-w", all), try capture(b, "-w", drops, "--drops-only")]
            #expect(try a.host.ping("10.9.0.2", count: 1) == 1)
            #expect(try a.host.ping("10.9.0.2", count: 1, "-I", "10.66.0.1", "-W", "0.2") == 0)
            _ = try b.report { $0.decapsulate.dropped == 1 }
            for process in captures {
                process.signal(SIGINT)
                #expect(try process.wait() == 0)
            }
            #expect(captures[0].lines.last == "iptund: 3 packets, 0 lost")
            #expect(captures[1].lines.last == "iptund: 1 packets, 0 lost")
            let names = ["frame.interface_name", "frame.packet_flags_direction", "ip.src", "icmp.type"]
            let seen = try fields(b.host, all, names[0], names[1], names[2], names[3], "ip.checksum.status")
            #expect(
                seen == [
                    ["outer", "0x00000001", "192.0.2.1,10.9.0.1", "8", "1,1"],
                    ["inner", "0x00000001", "10.9.0.1", "8", "1"],
                    ["inner", "0x00000002", "10.9.0.2", "0", "1"],
                    ["outer", "0x00000002", "192.0.2.2,10.9.0.2", "0", "1,1"],
                    ["outer", "0x00000001", "192.0.2.1,10.66.0.1", "8", "1,1"],
                ])
            let why = "dropped: inner-source: the inner source is outside of the peer's AllowedIPs"
            #expect(try fields(b.host, drops, "ip.src", "frame.comment") == [["192.0.2.1,10.66.0.1", why]])
            #expect(try Files.status(all).mode == 0o600)
            let again = try b.host.iptund("capture", "iptun0", "-w", all)
            #expect(again.status == 1 && again.text.contains("is there already; choose another name"), "\(again.text)")
        }
    }

    @Test func `a pipe gets the file at once, a terminal lines, and a count ends it`() throws {
        try Lab.open { lab in
            let (a, b) = try pair(lab)
            let lines = "\(lab.directory)/lines"
            let program = "\(Host.program) capture iptun0"
            let pipe = try b.host.start([
                "sh", "-c", "\(program) -c 2 | tshark -l -r - -T fields -e ip.src 2>/dev/null",
            ])
            let terminal = try b.host.start(["script", "-qfec", "\(program) -c 1", lines])
            try pipe.waitFor("capturing iptun0")
            try eventually("the terminal captures") { try Files.read(lines).contains("capturing iptun0") }
            #expect(try a.host.ping("10.9.0.2", count: 1) == 1)
            #expect(try pipe.wait() == 0 && terminal.wait() == 0)
            #expect(
                pipe.lines.filter { $0.hasPrefix("1") } == [
                    "192.0.2.1,10.9.0.1", "10.9.0.1", "10.9.0.2", "192.0.2.2,10.9.0.2",
                ])
            #expect(
                try Files.read(lines).contains(
                    " decapsulate 192.0.2.1 > 192.0.2.2: ipip 10.9.0.1 > 10.9.0.2: icmp echo request, 84 octets, ttl 64"
                ))
        }
    }

    @Test func `a member of the group may see a sample of what is dropped, and no packets`() throws {
        try Lab.open { lab in
            let (a, b) = try pair(lab, Somebody.options)
            let refused = try b.host.run(Somebody.member(1234).wrapper + [Host.program, "capture", "iptun0"])
            #expect(refused.status == 1 && refused.text.contains("only root may do this"), "\(refused.text)")
            #expect(
                try b.run(
                    .member(1234),
                    """
                    connection = connect()
                    connection.sendall(b"drops\\n")
                    print(connection.recv(100).decode(), end="")
                    """) == "{\"schema\":2}\n")
            var samples = try DropSamples.open(
                "iptun0", directory: "/run/iptund/iptun0@\(try b.host.inode)")
            #expect(try a.host.ping("10.9.0.2", count: 1, "-s", "500", "-I", "10.66.0.1", "-W", "0.2") == 0)
            var seen: [DropSample] = []
            try eventually("a sample comes") {
                seen += try samples.next()
                return !seen.isEmpty
            }
            let sample = try #require(seen.first)
            #expect(sample.octets.count == 96 && sample.length == 548)
            #expect(
                sample.line
                    == "inner-source: 192.0.2.1 > 192.0.2.2: ipip 10.66.0.1 > 10.9.0.2: icmp echo request, 528 octets, ttl 64"
            )
        }
    }

    @Test func `by way of sudo a new file is the caller's, and one that was there stays whose it was`() throws {
        try Lab.open { lab in
            let (a, _) = try lab.tunnel()
            let (old, new) = ("\(lab.directory)/old.pcapng", "\(lab.directory)/new.pcapng")
            try a.host.shell("touch \(old); chown 12:34 \(old)")
            _ = try lab.start(["ping", "-n", "-i", "0.1", "10.9.0.2"], on: a.host)
            for file in [old, new] {
                let words = ["env", "SUDO_UID=1234", "SUDO_GID=1235", Host.program, "capture", a.name, "-c", "2"]
                #expect(try a.host.run(words + ["-w", file, "--force"]).status == 0)
            }
            #expect(try a.host.shell("stat -c %u:%g \(old) \(new)") == "12:34\n1234:1235\n")
        }
    }

    @Test func `a client that stops or is killed costs no packet and no memory`() throws {
        try Lab.open { lab in
            let (a, b) = try pair(lab)
            let file = "\(lab.directory)/stopped.pcapng"
            let before = (files: try b.openFiles, memory: try memory(of: b))
            let stopped = try capture(b, "-w", file, "--buffer", "64")
            let killed = try capture(b, "-w", "\(file).2", "--buffer", "64")
            stopped.signal(SIGSTOP)
            killed.signal(SIGSTOP)
            try a.host.flood("10.9.0.2", 10_000)
            // The end of the flood may still be in the queue of b's socket.
            try eventually("packets pass as before") { try a.host.ping("10.9.0.2") == 3 }
            #expect(try memory(of: b) < before.memory + 8_000)
            killed.signal(SIGKILL)
            _ = try killed.wait()
            stopped.signal(SIGCONT)
            stopped.signal(SIGINT)
            #expect(try stopped.wait() == 0)
            // "iptund: 2345 packets, 6789 lost"
            let counts = try #require(stopped.lines.last).split(separator: " ").compactMap { Int($0) }
            #expect(counts.count == 2 && counts[0] > 100 && counts[1] > 100, "\(stopped.text)")
            #expect(try fields(b.host, file, "frame.number").count >= counts[0])
            try eventually("nothing is left of them") { try b.openFiles == before.files }
        }
    }

    /// What the daemon has of memory now, KiB.
    private func memory(of tunnel: Tunnel) throws -> Int {
        let status = try Files.read("/proc/\(tunnel.process.id)/status")
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return try #require(line?.split(separator: " ").dropFirst().first.flatMap { Int($0) })
    }
}
