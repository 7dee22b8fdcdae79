// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Testing

/// A host whose tunnel takes everything, with a network behind it and a router before it that counts what leaves in clear.
///
/// ```
///                                    10.9.0.1  mine ················· iptun0  10.9.0.2
///   c  10.20.1.9 ── 10.20.1.1 (lan)  a  192.0.2.1 ── .254  r  .254 ── 198.51.100.2  b  203.0.113.9
/// ```
struct KillSwitchScene {
    let lab: Lab
    let a: Host, b: Host, c: Host, r: Host

    /// What the tunnel is told, but for the peer.
    static let options = ["--device", "mine", "--address", "10.9.0.1/32", "--allowed-ips", "0.0.0.0/0", "--forward"]

    static func open(within milliseconds: UInt64 = TimeLimit.milliseconds, _ body: (KillSwitchScene) throws -> Void)
        throws
    {
        try Lab.open(within: milliseconds) { lab in
            let (a, r, b) = try lab.routedPair()
            let c = try lab.host("c")
            try lab.connect(a, "lan", "10.20.1.1/24", c, "eth0", "10.20.1.9/24")
            try c.shell("ip route add default via 10.20.1.1")
            try b.shell("ip address add 203.0.113.9/32 dev lo")
            // Answers in clear would come back here: so it is seen at once, and not by what does not come back.
            try r.shell("ip route add 10.20.1.0/24 via 192.0.2.1")
            try r.startCounting("iifname eth0 ip protocol != 4 ip daddr != 192.0.2.0/24")
            _ = try b.up(
                "--peer", "192.0.2.1", "--address", "10.9.0.2/32", "--allowed-ips", "10.9.0.1/32,10.20.1.0/24",
                "--forward")
            try body(KillSwitchScene(lab: lab, a: a, b: b, c: c, r: r))
        }
    }

    /// A tunnel with the kill switch, before it is said to be up.
    func begin(
        _ options: [String] = [], peer: String = "198.51.100.2", through wrapper: [String] = []
    ) throws -> Running {
        try a.start(wrapper + [Host.program, "up", "--peer", peer] + Self.options + ["--kill-switch"] + options)
    }

    /// The same, up.
    func up(_ options: [String] = []) throws -> Tunnel {
        try a.up(["--peer", "198.51.100.2"] + Self.options + ["--kill-switch"] + options)
    }

    /// Who sends to 203.0.113.9 from `host` all the time, by a new socket each time, until ``stop(_:)`` or the end of the
    /// lab: 500 datagrams a second, and those of a connection that is tried again and again.
    func startSending(from host: Host, bindingTo device: String = "") throws -> Running {
        let sender = try host.start(["/usr/bin/python3", "-u", "-c", Self.sending, device])
        try sender.waitFor("sending")
        return sender
    }

    /// Ends it; returns how many it has sent, and how many could not be.
    func stop(_ sender: Running) throws -> (sent: Int, failed: Int) {
        sender.signal(SIGTERM)
        _ = try sender.wait()
        let words = try #require(sender.lines.last).split(separator: " ").compactMap { Int($0) }
        try #require(words.count == 2)
        return (words[0], words[1])
    }

    /// What an administrator has of our changes.
    func look() throws -> String { try a.shell("ip route show table all proto 203; ip rule; nft list ruleset") }

    /// Whether both layers stand.
    func isWhole() throws -> Bool {
        let text = try look()
        return text.contains("unreachable default table 1994000") && text.contains("lookup 1994000")
            && text.contains("suppress_prefixlength 0") && text.contains("table ip iptund-mine")
            && text.contains("drop")
    }

    private static let sending = """
        import errno, signal, socket, sys, time
        device, sent, failed, stop = sys.argv[1], 0, 0, []
        signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
        def open(kind):
            s = socket.socket(socket.AF_INET, kind)
            if device: s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            s.setblocking(False)
            return s
        print("sending")
        end = time.monotonic() + 900
        stream = open(socket.SOCK_STREAM)
        while not stop and time.monotonic() < end:
            try:
                with open(socket.SOCK_DGRAM) as s: s.sendto(b"in clear?", ("203.0.113.9", 9))
                sent += 1
            except OSError: failed += 1
            if sent % 20 == 0:
                stream.close()
                stream = open(socket.SOCK_STREAM)
                try: stream.connect(("203.0.113.9", 9))
                except OSError: pass
            time.sleep(0.002)
        print(sent, failed)
        """
}
