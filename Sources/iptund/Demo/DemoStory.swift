// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import Glibc
internal import Linux
internal import Wire

/// What the demo does, step by step, and how it tells about it.
struct DemoStory: ~Copyable {
    private let network: DemoNetwork
    private let a: DemoHost
    private let b: DemoHost
    private let pcap: String
    private let signals: Signals
    private var step = 0

    /// Why the story stopped.
    enum Stop: Error {
        case interrupted
        case failed(Complaint)

        var complaint: Complaint {
            switch self {
            case .interrupted: Complaint("demo", why: "interrupted", whatNow: "everything was taken down")
            case .failed(let complaint): complaint
            }
        }
    }

    init(network: DemoNetwork, pcap: String, signals: consuming Signals) {
        self.network = network
        self.pcap = pcap
        self.signals = signals
        a = DemoHost(
            letter: "A", namespace: network.a, inner: "111.112.100.87", peer: DemoNetwork.addressB,
            peerInner: "111.112.100.88")
        b = DemoHost(
            letter: "B", namespace: network.b, inner: "111.112.100.88", peer: DemoNetwork.addressA,
            peerInner: "111.112.100.87")
    }

    /// Everything from the first namespace to the last look at the counters.
    mutating func tell() throws(Stop) {
        let (a, b) = (a, b)
        try next("two machines and a router, as network namespaces") { network throws(Complaint) in try network.build()
        }
        print(
            """
                A \(DemoNetwork.addressA) ── router ── \(DemoNetwork.addressB) B
                  \(a.inner) ═══ tunnel ═══ \(b.inner)
            """)
        for host in [a, b] {
            try next("a tunnel on \(host.letter)") { _ throws(Complaint) in
                print("    \(host.letter)# iptund \(host.upArguments.joined(separator: " "))")
                print(indented(try host.start()))
            }
        }
        let file = pcap
        var frames: [Capture.Frame] = []
        try next("ping through the tunnel, both ways") { network throws(Complaint) in
            let capture = try explaining("cannot capture packets", whatNow: "is this real root?") { () throws(Errno) in
                try Capture.start("to-a", in: network.router)
            }
            for host in [a, b] { print(indented(try host.ping(count: 3), last: 2)) }
            let outcome = try DemoTransfer.run(octets: 1 << 18, from: a, to: b)
            frames = (try? capture.finish()) ?? []
            print(
                "    and \(ReportText.size(UInt64(outcome.octets))) of TCP, captured with the pings between A and router"
            )
        }
        try next("TCP through the tunnel") { _ throws(Complaint) in
            for (from, to) in [(a, b), (b, a)] {
                let outcome = try DemoTransfer.run(octets: 32 << 20, from: from, to: to)
                let megabits = UInt64(outcome.octets) * 8 / outcome.milliseconds / 1000
                print(
                    "    \(from.letter) to \(to.letter): \(ReportText.size(UInt64(outcome.octets))) in "
                        + "\(outcome.milliseconds) ms, \(megabits) Mbit/s")
            }
        }
        try next("a packet on the wire between A and the router") { _ throws(Complaint) in
            try DemoStory.dissect(frames, to: file)
        }
        for host in [a, b] {
            try next("iptund show, on \(host.letter)") { _ throws(Complaint) in print(indented(try host.show())) }
        }
    }

    /// Ends the demo and says so.
    consuming func takeDown() {
        network.destroy()
        print("All taken down. Two real hosts need one command each: iptund up --peer THE-OTHER")
    }

    /// Says how to enter and how to end what is left up.
    consuming func explainHowToPlay() {
        print("Left up. To enter A and B, and to end it:")
        print("    sudo ip netns exec \(network.a) bash")
        print("    sudo ip netns exec \(network.b) bash")
        print("    sudo \(DemoHost.program) demo --end")
    }

    /// One step: its title, what it does, and a look whether somebody wants to stop.
    private mutating func next(
        _ title: String, _ body: (DemoNetwork) throws(Complaint) -> Void
    ) throws(Stop) {
        step += 1
        print("[\(step)] \(title)")
        var failure: Complaint?
        do throws(Complaint) { try body(network) } catch { failure = error }
        // A command that failed because of Ctrl-C did not fail.
        if signals.next() != nil { throw .interrupted }
        if let failure { throw .failed(failure) }
    }

    private static func dissect(_ frames: [Capture.Frame], to pcap: String) throws(Complaint) {
        let lines = frames.lazy.compactMap { Dissection.lines($0.bytes) }.first
        guard let lines else {
            throw Complaint(
                "no packet of the tunnel was captured", why: "none crossed the router", whatNow: "report this")
        }
        for line in lines { print("    \(line)") }
        do throws(Errno) {
            try Files.write(PcapFile.bytes(frames), to: pcap)
            print("    \(frames.count) packets are in \(pcap), for Wireshark")
        } catch {
            print("    (\(pcap) was not written: \(error))")
        }
    }
}

/// Lines moved to the right, all or only the last ones.
private func indented(_ text: String, last: Int? = nil) -> String {
    let lines = text.split(separator: "\n").filter { !$0.isEmpty }
    return (last.map { lines.suffix($0) } ?? lines[...]).map { "    \($0)" }.joined(separator: "\n")
}
