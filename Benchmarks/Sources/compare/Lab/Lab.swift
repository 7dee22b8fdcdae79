// SPDX-License-Identifier: Apache-2.0

internal import Comparison
internal import Foundation
internal import Glibc

/// Two hosts and a wire between them, made for one subject and one round: what the kernel remembers of one subject, such
/// as TCP's metrics, is no other's.
///
/// ```
///   a 10.250.0.1 ── wire ─────── wire ── 10.250.0.2 b
///     10.200.1.1 ══════ tunnel ════════ 10.200.1.2
/// ```
final class Lab {
    static let wire = "wire"
    /// The tunnel's device on both sides.
    static let device = "tunl"

    /// For configuration, keys and runtime files of what runs here.
    let directory: String
    private var children: [Child] = []

    /// Makes the hosts.
    /// - Throws: after it took down what there was by then.
    init() throws {
        var template = Array("/tmp/iptund-bench-\(getpid())-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else {
            throw Complaint("a directory in /tmp", why: "cannot be made", whatNow: "is the disk full?")
        }
        directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // iptund and others enter it as users without privilege. Keys in it have modes of their own.
        unsafe chmod(directory, 0o755)
        do { try build() } catch {
            destroy()
            throw error
        }
    }

    /// Part of it is our process id: several comparisons do not meet, whatever they do to their figures.
    static func namespace(_ side: Side) -> String { "iptund-bench-\(getpid())-\(side.rawValue)" }

    private func build() throws {
        for side in Side.allCases { try Command.run("ip netns add \(Lab.namespace(side))") }
        try Command.run(
            "ip link add \(Lab.wire) netns \(Lab.namespace(.a)) mtu 1500 type veth "
                + "peer name \(Lab.wire) netns \(Lab.namespace(.b)) mtu 1500")
        // Settings of `all` and `default` cover devices that are there and devices that will be.
        let quiet = """
            for name in all default; do
                echo 0 > /proc/sys/net/ipv4/conf/$name/rp_filter
                file=/proc/sys/net/ipv6/conf/$name/disable_ipv6
                if [ -e $file ]; then echo 1 > $file; fi
            done
            """
        for side in Side.allCases {
            try Command.run(inside(side, ["sh", "-ec", quiet]))
            try ip(side, "link set lo up")
            try ip(side, "address add \(side.underlay)/24 dev \(Lab.wire)")
            try ip(side, "link set \(Lab.wire) up")
        }
    }

    /// Ends what was started here, and removes everything. What is gone already is fine.
    func destroy() {
        Ending.end(children)
        children = []
        Ending.endStrays { Side.allCases.flatMap(Lab.processes) }
        for side in Side.allCases where FileManager.default.fileExists(atPath: "/run/netns/\(Lab.namespace(side))") {
            Lab.runPatiently(["ip", "netns", "del", Lab.namespace(side)])
        }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// The processes in a namespace of ours, whoever started them.
    private static func processes(on side: Side) -> [Int32] {
        guard FileManager.default.fileExists(atPath: "/run/netns/\(namespace(side))") else { return [] }
        return runPatiently(["ip", "netns", "pids", namespace(side)]).split(separator: "\n").compactMap { Int32($0) }
    }

    /// For taking down: nothing stops it, and what fails is not worth a word.
    @discardableResult
    private static func runPatiently(_ words: [String]) -> String {
        guard let child = try? Child(words) else { return "" }
        if !Waiting.patiently(seconds: 10, { child.poll() != nil }) { Ending.end([child]) }
        return child.text
    }

    /// The command that runs `words` on a side.
    func inside(_ side: Side, _ words: [String]) -> [String] { ["ip", "netns", "exec", Lab.namespace(side)] + words }

    /// `ip` with `line` on a side.
    func ip(_ side: Side, _ line: String) throws { try Command.run("ip -n \(Lab.namespace(side)) \(line)") }

    /// Starts a program that is ended with the lab.
    @discardableResult
    func start(_ side: Side, _ words: [String]) throws(Complaint) -> Child {
        let child = try Child(inside(side, words), name: Lab.baseName(words[0]))
        children.append(child)
        return child
    }

    /// Runs a program to its end, or for `seconds`, and ends it then.
    /// - Returns: what it printed, however it ended.
    func output(_ side: Side, _ words: [String], seconds: Double) throws -> String {
        let child = try start(side, words)
        if try Waiting.until(seconds: seconds, { child.poll() != nil }) { return child.text }
        Ending.end([child])
        throw Complaint(
            child.name, why: "did not end within \(Decimals.time(seconds: seconds))", whatNow: "try it by hand")
    }

    /// Starts a tunnel's program, which sees a `/run` of its own: sockets and lock files of several such programs, and of
    /// the machine's own, do not meet, and nothing is left of them.
    func startDaemon(_ side: Side, _ words: [String], environment: [String: String] = [:]) throws(Complaint) -> Child {
        let child = try Child(
            inside(side, ["sh", "-c", Lab.hidingRun, "sh"] + words), name: Lab.baseName(words[0]),
            environment: environment)
        children.append(child)
        return child
    }

    /// `ip netns exec` has detached our mounts from everybody else's already. `/var/run` and `/var/lock` are links into
    /// `/run`, or directories.
    private static let hidingRun = """
        mount -t tmpfs tmpfs /run && mkdir /run/lock || exit
        for directory in /var/run /var/lock; do
            [ $directory -ef /run ] || [ $directory -ef /run/lock ] || mount -t tmpfs tmpfs $directory || exit
        done
        exec "$@"
        """

    private static func baseName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
