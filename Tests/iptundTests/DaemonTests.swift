// SPDX-License-Identifier: Apache-2.0

import Configuration
import ArgumentParser
import Linux
import Testing
@testable import iptund

/// The dry run; a running daemon is a process of its own.
@Suite(.needsRoot) struct DaemonTests {
    /// What a dry run prints, and whether the host is the same afterwards.
    private func describe(
        _ arguments: String..., after script: String = ":"
    ) throws -> (lines: [String], complaint: Complaint?, isUnchanged: Bool) {
        try inFreshNetwork {
            try shell("ip link add left type veth peer name right; ip link set right up; ip link set left up")
            try shell("ip address add 10.0.0.1/24 dev left; ip route add default via 10.0.0.2")
            try shell(
                "cd /proc/sys/net/ipv4/conf/default; echo 1 | tee rp_filter send_redirects accept_local; \(script)")
            let everything = "ip -o link show | cut -d: -f2; ip -o -4 address show; ip -4 route show table all"
            let before = try shell(everything)
            let lines = Lines()
            var complaint: Complaint?
            let settings = try Up.parse(arguments).request().settings
            do throws(Complaint) {
                try Daemon.describe(settings, echo: lines.echo())
            } catch {
                complaint = error
            }
            return (lines.all, complaint, try shell(everything) == before)
        }
    }

    @Test func `a dry run prints every command, and changes nothing`() throws {
        let (lines, complaint, isUnchanged) = try describe("--peer", "192.0.2.1", "--address", "10.9.0.1/32")
        #expect(
            lines == [
                "[#] ip tuntap add mode tun dev iptun0",
                "[#] ip route add 192.0.2.1/32 via 10.0.0.2 dev left proto 203",
                "[#] ip link set dev iptun0 addrgenmode none", "[#] ip link set dev iptun0 mtu 1480",
                "[#] ip address add 10.9.0.1/32 dev iptun0", "[#] ip link set dev iptun0 up",
                "[#] sysctl -w net.ipv4.conf.iptun0.rp_filter=2",
                "[#] sysctl -w net.ipv4.conf.iptun0.send_redirects=0",
                "[#] sysctl -w net.ipv4.conf.iptun0.accept_local=0",
            ])
        #expect(complaint == nil)
        #expect(isUnchanged)
    }

    @Test func `without a name the first that is free is foreseen`() throws {
        let lines = try describe("--peer", "192.0.2.1", after: "ip tuntap add iptun0 mode tun").lines
        #expect(lines.first == "[#] ip tuntap add mode tun dev iptun1")
    }

    @Test func `a device that exists is not made, and keeps what it has`() throws {
        let script = """
            ip tuntap add tunl-b mode tun; ip link set tunl-b mtu 1480; ip address add 10.9.0.1 dev tunl-b
            cd /proc/sys/net/ipv4/conf/tunl-b; echo 2 > rp_filter; echo 0 > send_redirects
            """
        let lines = try describe(
            "--peer", "192.0.2.1", "--device", "tunl-b", "--address", "10.9.0.1", after: script
        ).lines
        #expect(
            lines == [
                "[#] ip route add 192.0.2.1/32 via 10.0.0.2 dev left proto 203",
                "[#] ip link set dev tunl-b up", "[#] sysctl -w net.ipv4.conf.tunl-b.accept_local=0",
                "[#] # there already, left alone: ip address add 10.9.0.1/32 dev tunl-b",
            ])
    }

    @Test func `a name waits until the tunnel stands, so nothing about it is changed or asked`() throws {
        let (lines, complaint, _) = try describe("--peer", "x.invalid")
        #expect(complaint == nil)
        #expect(!lines.isEmpty && lines.hasOnly { !$0.contains("ip route") })
    }

    @Test func `a peer that no route leads to yet is no reason not to start`() throws {
        let (lines, complaint, _) = try describe("--peer", "192.0.2.1", after: "ip route delete default")
        #expect(complaint == nil)
        #expect(lines.contains("[#] ip link set dev iptun0 mtu 1480"))
        #expect(lines.hasOnly { !$0.contains("ip route") })
    }

    @Test func `a peer that is this host is refused`() throws {
        #expect(try describe("--peer", "10.0.0.1").complaint?.why == "is an address of this host")
    }
}
