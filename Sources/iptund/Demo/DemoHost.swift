// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Glibc
internal import Linux
internal import Wire

/// One of the demo's machines, with a real `iptund up` on it.
struct DemoHost {
    /// A or B.
    let letter: String
    let namespace: String
    /// Its address inside of the tunnel.
    let inner: String
    let peer: String
    let peerInner: String

    /// The tunnel's name on both.
    static let device = "tunl"

    /// What the program calls itself: the very file that runs now.
    static var program: String { Environment.program ?? "iptund" }

    static func log(of namespace: String) -> String { "/run/\(namespace).log" }

    /// The arguments of the tunnel, as one would type them on the host.
    var upArguments: [String] {
        [
            "up", "--peer", peer, "--device", DemoHost.device, "--address", "\(inner)/32", "--allowed-ips",
            "\(peerInner)/32",
        ]
    }

    /// Starts the tunnel and waits until it says that it is up.
    /// - Returns: what it printed by then.
    func start() throws(Complaint) -> String {
        let log = DemoHost.log(of: namespace)
        let command = ["ip", "netns", "exec", namespace, DemoHost.program] + upArguments
        let child = try explaining("cannot start iptund on \(letter)", whatNow: "install iproute2") {
            () throws(Errno) in
            try ChildProcess.start(command, output: .file(log))
        }
        let deadline = Clock.milliseconds + 5_000
        while true {
            let text = (try? Files.read(log)) ?? ""
            if text.contains(" is up: ") { return text }
            guard child.poll() == nil, Clock.milliseconds < deadline else {
                let last = text.split(separator: "\n").last.map(String.init) ?? "it said nothing"
                throw Complaint("the tunnel on \(letter) did not come up", why: last, whatNow: "see 'iptund up --help'")
            }
            usleep(10_000)
        }
    }

    /// What `iptund show` says there.
    func show() throws(Complaint) -> String {
        try output(of: [DemoHost.program, "show", DemoHost.device])
    }

    /// Pings the other end through the tunnel.
    func ping(count: Int) throws(Complaint) -> String {
        try output(of: ["ping", "-c", "\(count)", "-i", "0.2", "-W", "2", peerInner])
    }

    private func output(of command: [String]) throws(Complaint) -> String {
        let ending = try explaining("cannot run '\(command[0])'", whatNow: "install iproute2 and iputils-ping") {
            () throws(Errno) in try ChildProcess.run(["ip", "netns", "exec", namespace] + command)
        }
        guard ending.status == 0 else {
            throw Complaint(
                "'\(command.joined(separator: " "))' on \(letter) failed", why: "exit status \(ending.status)",
                whatNow: ending.text.split(separator: "\n").joined(separator: " / "))
        }
        return ending.text
    }
}
