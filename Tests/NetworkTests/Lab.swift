// SPDX-License-Identifier: Apache-2.0

import Dispatch
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
/// Hosts are network namespaces that no other test and no other run of the tests knows, so everything may run at once; but
/// hundreds of them would be in each other's way, so no more than a few labs of a process are open at a time.
final class Lab {
    /// A place for files.
    let directory: String
    private let name: String
    private var hosts: [Host] = []
    private var processes: [Running] = []
    private var scripts = 0

    /// Runs `body` in a lab of its own, against the clock; whatever happens, the lab is cleared away afterwards.
    static func open(within milliseconds: UInt64 = TimeLimit.milliseconds, _ body: (Lab) throws -> Void) throws {
        _ = environment
        slots.wait()
        defer { slots.signal() }
        let lab = try Lab()
        defer { lab.clear() }
        try TimeLimit.applied(milliseconds) { try body(lab) }
    }

    private static let slots = DispatchSemaphore(value: 8)
    private static let count = Atomic(0)

    /// Nothing that surrounds the tests may be heard of by what they start.
    private static let environment: Void = {
        for name in ["RUNTIME_DIRECTORY", "NOTIFY_SOCKET", "JOURNAL_STREAM"] { unsafe unsetenv(name) }
        let settings = ["SWIFT_BACKTRACE": "enable=no", "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C"]
        for (name, value) in settings { unsafe setenv(name, value, 1) }
    }()

    private init() throws {
        name = "iptund-test-\(getpid())-\(Lab.count.add(1, ordering: .relaxed).newValue)"
        var path = "/tmp/iptund-test-\(getpid()).XXXXXX".utf8CString
        directory = try unsafe path.withUnsafeMutableBufferPointer { path in
            guard let made = unsafe path.baseAddress.flatMap({ unsafe mkdtemp($0) }) else { throw Errno.current }
            return unsafe String(cString: made)
        }
    }

    /// A host with nothing but its loopback interface.
    func host(_ letter: String) throws -> Host {
        let host = added(letter)
        try build([host], [])
        return host
    }

    /// A host that ``build(_:_:)`` makes.
    func added(_ letter: String) -> Host {
        let host = Host(namespace: "\(name)-\(letter)", lab: self)
        hosts.append(host)
        return host
    }

    /// Two hosts on one link.
    ///
    /// ```
    ///   a  192.0.2.1/24 ──── eth0 ═══ eth0 ──── 192.0.2.2/24  b
    /// ```
    func pair() throws -> (a: Host, b: Host) {
        let (a, b) = (added("a"), added("b"))
        try build([a, b], [Cable(a, "eth0", "192.0.2.1/24", b, "eth0", "192.0.2.2/24")])
        return (a, b)
    }

    /// Two hosts with a router between them.
    ///
    /// ```
    ///   a  192.0.2.1/24 ──── 192.0.2.254  router  198.51.100.254 ──── 198.51.100.2/24  b
    /// ```
    func routedPair() throws -> (a: Host, router: Host, b: Host) {
        let (a, router, b) = (added("a"), added("r"), added("b"))
        try build(
            [a, router, b],
            [
                Cable(a, "eth0", "192.0.2.1/24", router, "eth0", "192.0.2.254/24"),
                Cable(b, "eth0", "198.51.100.2/24", router, "eth1", "198.51.100.254/24"),
            ],
            [(a, "default via 192.0.2.254"), (b, "default via 198.51.100.254")])
        try router.setSysctl("ip_forward", 1)
        return (a, router, b)
    }

    /// A link between two hosts that are there, up at both ends.
    func connect(
        _ left: Host, _ leftDevice: String, _ leftAddress: String, _ right: Host, _ rightDevice: String,
        _ rightAddress: String
    ) throws {
        try build([], [Cable(left, leftDevice, leftAddress, right, rightDevice, rightAddress)])
    }

    /// Starts a program that `clear()` ends.
    func start(_ words: [String], on host: Host) throws -> Running {
        let process = try Running(words, on: host, log: "\(directory)/log\(processes.count)")
        processes.append(process)
        return process
    }

    /// Writes a script of lines for `ip -batch`; returns its path.
    func batch(_ lines: [String]) throws -> String {
        scripts += 1
        let file = "\(directory)/batch\(scripts)"
        try Files.write(Array((lines.joined(separator: "\n") + "\n").utf8), to: file)
        return file
    }

    /// Runs a program to its end, which must be a good one; returns what it printed.
    @discardableResult
    static func command(_ words: String...) throws -> String {
        let ending = try ChildProcess.run(words, milliseconds: try TimeLimit.remaining(of: 60_000))
        guard ending.status == 0 else { throw CommandFailure(words: words, ending: ending) }
        return ending.text
    }

    /// Stops the keepers of all tunnels, which would mend what a test breaks, or lets them go on.
    func stopKeepers(_ isStopped: Bool = true) {
        for keeper in processes.compactMap(\.keeper) { kill(keeper, isStopped ? SIGSTOP : SIGCONT) }
    }

    private func clear() {
        for process in processes.reversed() { process.clear() }
        // Of tunnels that were killed together with everybody who could clear up.
        let left = hosts.flatMap { (try? $0.runtimeDirectories) ?? [] }.map { "/run/iptund/\($0)" }
        if let batch = try? batch(hosts.map { "netns delete \($0.namespace)" }) {
            _ = try? ChildProcess.run(["ip", "-force", "-batch", batch])
        }
        hosts = []  // they refer to the lab
        _ = try? ChildProcess.run(["rm", "-r", directory] + left)
    }
}

/// A command that had to work and did not.
struct CommandFailure: Error {
    let words: [String]
    let ending: ChildProcess.Ending
}
