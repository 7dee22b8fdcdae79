// SPDX-License-Identifier: Apache-2.0

import Glibc
import Linux
import Synchronization
import Testing

extension Trait where Self == ConditionTrait {
    /// For tests that set up real tunnels between real network namespaces.
    static var needsRoot: Self {
        .enabled(if: geteuid() == 0 && Files.exists("/dev/net/tun"), "needs root and /dev/net/tun")
    }
}

/// Hosts, links and processes for one test, which all vanish with it.
///
/// Hosts are network namespaces that no other test and no other run of the tests knows, so everything may run at once.
/// Suites are `.serialized` for their time limit alone, which is a long one: tests block, there are as many threads as
/// processors, and the clock of a test runs while it waits for one, in the worst case until all others are done.
final class Lab {
    /// A place for files.
    let directory: String
    private let name: String
    private var hosts: [Host] = []
    private var processes: [Running] = []

    /// Runs `body` in a lab of its own; whatever happens, the lab is cleared away afterwards.
    static func open(_ body: (Lab) throws -> Void) throws {
        let lab = try Lab()
        defer { lab.clear() }
        try body(lab)
    }

    private static let count = Atomic(0)

    private init() throws {
        name = "iptund-test-\(getpid())-\(Lab.count.add(1, ordering: .relaxed).newValue)"
        var path = "/tmp/iptund-test.XXXXXX".utf8CString
        directory = try unsafe path.withUnsafeMutableBufferPointer { path in
            guard let made = unsafe path.baseAddress.flatMap({ unsafe mkdtemp($0) }) else { throw Errno.current }
            return unsafe String(cString: made)
        }
    }

    /// A host with nothing but its loopback interface.
    func host(_ letter: String) throws -> Host {
        let host = Host(namespace: "\(name)-\(letter)", lab: self)
        try Lab.command("ip", "netns", "add", host.namespace)
        hosts.append(host)
        try host.shell("ip link set lo up")
        return host
    }

    /// Two hosts on one link.
    ///
    /// ```
    ///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
    /// ```
    func pair() throws -> (a: Host, b: Host) {
        let (a, b) = (try host("a"), try host("b"))
        try connect(a, "eth0", "192.0.2.1/24", b, "eth0", "192.0.2.2/24")
        return (a, b)
    }

    /// Two hosts with a router between them.
    ///
    /// ```
    ///   a  192.0.2.1/24 ──── 192.0.2.254  router  198.51.100.254 ──── 198.51.100.2/24  b
    /// ```
    func routedPair() throws -> (a: Host, router: Host, b: Host) {
        let (a, router, b) = (try host("a"), try host("r"), try host("b"))
        try connect(a, "eth0", "192.0.2.1/24", router, "eth0", "192.0.2.254/24")
        try connect(b, "eth0", "198.51.100.2/24", router, "eth1", "198.51.100.254/24")
        try router.shell("echo 1 > /proc/sys/net/ipv4/ip_forward")
        try a.shell("ip route add default via 192.0.2.254")
        try b.shell("ip route add default via 198.51.100.254")
        return (a, router, b)
    }

    /// A link between two hosts, up at both ends.
    func connect(
        _ left: Host, _ leftDevice: String, _ leftAddress: String, _ right: Host, _ rightDevice: String,
        _ rightAddress: String
    ) throws {
        try Lab.command(
            "ip", "link", "add", leftDevice, "netns", left.namespace, "type", "veth", "peer", "name", rightDevice,
            "netns", right.namespace)
        let ends = [(left, leftDevice, leftAddress), (right, rightDevice, rightAddress)]
        for (host, device, address) in ends {
            // Nothing may change by itself while a test compares: no IPv6 address becomes valid, no carrier comes up.
            try host.shell("ip link set \(device) addrgenmode none up; ip address add \(address) dev \(device)")
        }
        for (host, device, _) in ends {
            let isUp = "[ $(cat /sys/class/net/\(device)/operstate) = up ]"
            try host.shell("for try in $(seq 500); do if \(isUp); then exit; fi; sleep 0.02; done; exit 1")
        }
    }

    /// Starts a program that `clear()` ends.
    func start(_ words: [String]) throws -> Running {
        let process = try Running(words, log: "\(directory)/log\(processes.count)")
        processes.append(process)
        return process
    }

    /// Runs a program to its end, which must be a good one; returns what it printed.
    @discardableResult
    static func command(_ words: String...) throws -> String {
        let ending = try ChildProcess.run(words)
        guard ending.status == 0 else { throw CommandFailure(words: words, ending: ending) }
        return ending.text
    }

    private func clear() {
        for process in processes.reversed() { process.clear() }
        for host in hosts {
            // Of tunnels that were killed together with everybody who could clear up.
            for left in (try? host.runtimeDirectories) ?? [] { _ = try? Lab.command("rm", "-r", "/run/iptund/\(left)") }
            _ = try? Lab.command("ip", "netns", "delete", host.namespace)
        }
        hosts = []  // they refer to the lab
        _ = try? Lab.command("rm", "-r", directory)
    }
}

/// A command that had to work and did not.
struct CommandFailure: Error {
    let words: [String]
    let ending: ChildProcess.Ending
}
