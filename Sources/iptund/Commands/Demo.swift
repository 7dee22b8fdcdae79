// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import ArgumentParser
internal import Glibc
internal import Linux
internal import Wire

/// `iptund demo`: a real tunnel between two machines that exist only while it runs.
struct Demo: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Build two hosts and a router on this machine, and a tunnel between them.",
        discussion: """
            Three network namespaces, a real 'iptund up' in two of them, pings and TCP through the tunnel, and a \
            captured packet field by field. Takes everything down again, also after Ctrl-C. Needs root.
            """)

    @Flag(help: "Leave it up to play with; prints how to enter and how to end it.")
    var keep = false

    @Flag(help: "End every demo on this machine that was kept or left over.")
    var end = false

    @Option(help: ArgumentHelp("Where captured packets are written, for Wireshark.", valueName: "file"))
    var pcap = "demo.pcap"

    func run() throws {
        guard geteuid() == 0 else {
            throw Complaint(
                "iptund demo", why: "makes network namespaces, which only root may", whatNow: "'sudo iptund demo'")
        }
        if end {
            DemoNetwork.all().forEach { $0.destroy() }
            return
        }
        Console.bufferOutputByLine()
        let network = DemoNetwork(id: "\(getpid())")
        var story = DemoStory(network: network, pcap: pcap, signals: try Signals())
        do {
            try story.tell()
        } catch {
            network.destroy()
            if case .interrupted = error { throw ExitCode(130) }
            throw error.complaint
        }
        if keep { story.explainHowToPlay() } else { story.takeDown() }
    }
}
