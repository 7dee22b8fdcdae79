// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Glibc
internal import Linux

/// The 1994 README's two machines and a router between them, as network namespaces of this machine.
///
/// ```
///   A 111.112.101.37 ───── 111.112.101.1 R 111.112.100.1 ───── 111.112.100.86 B
///     to-r                          to-a   to-b                       to-r
/// ```
struct DemoNetwork {
    /// What tells several demos apart: part of every name.
    let id: String

    static let prefix = "iptund-demo-"
    static let addressA = "111.112.101.37"
    static let addressB = "111.112.100.86"

    var a: String { "\(DemoNetwork.prefix)\(id)-a" }
    var b: String { "\(DemoNetwork.prefix)\(id)-b" }
    var router: String { "\(DemoNetwork.prefix)\(id)-r" }

    /// Makes the namespaces, the wires, the addresses and the default routes.
    func build() throws(Complaint) {
        for namespace in [a, router, b] {
            try DemoCommand.run("ip netns add \(namespace)")
            try DemoCommand.run("ip -n \(namespace) link set lo up")
        }
        try connect(a, DemoNetwork.addressA, routerDevice: "to-a", routerAddress: "111.112.101.1")
        try connect(b, DemoNetwork.addressB, routerDevice: "to-b", routerAddress: "111.112.100.1")
        try DemoCommand.run(
            ["ip", "netns", "exec", router, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"])
    }

    private func connect(
        _ host: String, _ address: String, routerDevice: String, routerAddress: String
    ) throws(Complaint) {
        try DemoCommand.run("ip link add to-r netns \(host) type veth peer name \(routerDevice) netns \(router)")
        try DemoCommand.run("ip -n \(host) address add \(address)/24 dev to-r")
        try DemoCommand.run("ip -n \(router) address add \(routerAddress)/24 dev \(routerDevice)")
        try DemoCommand.run("ip -n \(host) link set to-r up")
        try DemoCommand.run("ip -n \(router) link set \(routerDevice) up")
        try DemoCommand.run("ip -n \(host) route add default via \(routerAddress)")
    }

    /// Ends the tunnels and removes the namespaces. What is gone already is fine.
    func destroy() {
        for namespace in [a, b] { endTunnels(in: namespace) }
        for namespace in [a, b, router] where Files.exists("/run/netns/\(namespace)") {
            do throws(Complaint) {
                try DemoCommand.run("ip netns delete \(namespace)")
            } catch {
                standardError("iptund: \(error)")
            }
        }
        for namespace in [a, b] { Files.remove(DemoHost.log(of: namespace)) }
    }

    /// Every demo on this machine, running, kept, or left over.
    static func all() -> [DemoNetwork] {
        let names = (try? Files.entries("/run/netns")) ?? []
        let ids = names.filter { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count).dropLast(2)) }
        return Set(ids).sorted().map(DemoNetwork.init(id:))
    }

    /// Asks every `iptund` of a namespace to end, and waits until all have, janitors included.
    private func endTunnels(in namespace: String) {
        let deadline = Clock.milliseconds + 5_000
        while Clock.milliseconds < deadline {
            guard let list = try? ChildProcess.run(["ip", "netns", "pids", namespace]), list.status == 0 else { return }
            let ids = list.text.split(separator: "\n").compactMap { pid_t($0) }.filter(isTunnel)
            if ids.isEmpty { return }
            for id in ids { kill(id, SIGTERM) }
            usleep(20_000)
        }
    }

    /// Whether a process is a tunnel's, and neither somebody's shell nor this demo.
    private func isTunnel(_ id: pid_t) -> Bool {
        id != getpid() && Files.linkTarget("/proc/\(id)/exe") == Environment.program
    }
}

/// Commands of the demo, which fail with their own words.
enum DemoCommand {
    /// Runs words separated by blanks, quietly.
    static func run(_ command: String) throws(Complaint) {
        try run(command.split(separator: " ").map(String.init))
    }

    /// Runs the command of these words, quietly.
    static func run(_ words: [String]) throws(Complaint) {
        let command = words.joined(separator: " ")
        let ending: ChildProcess.Ending
        do throws(Errno) {
            ending = try ChildProcess.run(words)
        } catch {
            throw Complaint(
                "cannot run '\(command)'", error, whatNow: "install iproute2 and iputils-ping, or 'make demo'")
        }
        guard ending.status == 0 else {
            let why = ending.text.split(separator: "\n").first.map(String.init) ?? "exit status \(ending.status)"
            throw Complaint("'\(command)' failed", why: why, whatNow: "does this kernel have namespaces and veth?")
        }
    }
}
