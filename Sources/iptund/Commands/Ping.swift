// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration
internal import Diagnosis
internal import Linux
internal import Wire

/// `iptund ping`: whether a peer answers through the tunnel, how fast, and which part of the way fails.
struct Ping: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a peer through the tunnel, and say which part of the way fails.",
        discussion: """
            Asks by ICMP echo, through the tunnel and beside it. Where nothing answers, by UDP to a closed port, from \
            other addresses of the device, and by a packet of ours that the peer sends back if it forwards. The peer needs \
            nothing that a stock host does not have. Root can try everything; others what their groups may.

            Exit status: 0 answered, 1 not answered or failed, 2 wrong usage.
            """)

    @Argument(help: "The tunnel, which has to be up.")
    var name: String

    @Argument(help: "The peer: its name, its outer address, or an inner address to ask.")
    var peer: String

    @Option(name: [.short, .long], help: ArgumentHelp("How many echoes to send, 1 to 1000.", valueName: "n"))
    var count = 5

    @Flag(help: "Find the longest packet that passes.")
    var mtu = false

    @Flag(help: "As JSON, with \"schema\": 2.")
    var json = false

    @OptionGroup var location: RuntimeOption

    func validate() throws {
        guard (1...1000).contains(count) else { throw ValidationError("--count: 1 to 1000 echoes") }
    }

    func run() throws {
        let before = try report()
        let (place, address) = try Ping.find(peer, in: before)
        let patient = try Patient(before, location.directory)
        let devicePlace = try DevicePlace.find(patient.namespaceName)
        let order = try order(before, before.peers[place], address, patient.settings?.addresses ?? [], devicePlace)
        var plan = ProbePlan()
        plan.count = count
        plan.hairpin = .allowed
        plan.size = mtu ? .tried : .notTried
        let prober = PeerProber(order, plan, devicePlace)
        if !json {
            print(PingText.title(prober.probe))
            prober.heard = { print(PingText.line($0)) }
        }
        Probing.run([prober])
        let after = try report().peers
        var probe = prober.probe
        if after.indices.contains(place) { probe.count(from: before.peers[place], to: after[place]) }
        if json {
            print(try PingDocument(probe).json)
        } else {
            print(PingText.summary(probe), terminator: "")
        }
        if !probe.isAnswered { throw ExitCode(1) }
    }

    private func report() throws(Complaint) -> TunnelReport {
        switch try RunningTunnels.ask(name, directory: location.directory).first {
        case nil: throw RunningTunnels.complaint(about: name, directory: location.directory)
        case .report(let report): return report
        case .unreadable(_, let error): throw RunningTunnels.complaint(aboutUnreadable: name, error)
        }
    }

    private func order(
        _ report: TunnelReport, _ peer: TunnelReport.Peer, _ address: IPv4Address?, _ configured: [InterfaceAddress],
        _ place: borrowing DevicePlace
    ) throws(Complaint) -> ProbeOrder {
        if let address, let own = try? place.netlink.addresses(link: nil),
            own.contains(where: { $0.address == address })
        {
            throw .usage(
                "'\(address)'", why: "an address of this host, so the question would not leave it",
                whatNow: "name an inner address at the peer, or the peer alone")
        }
        let netlink = try Daemon.openNetlink()
        guard let order = Probing.order(report, peer, named: address, configured: configured, netlink, place) else {
            throw Complaint(
                "peer \(self.peer)", why: peer.problem ?? "it has no address yet",
                whatNow: "see 'iptund show \(name)'; a name needs a name service")
        }
        guard order.device != nil else {
            throw Complaint(
                "device \(report.device)", why: "it is in another network namespace, which only root may enter",
                whatNow: "run it as root")
        }
        guard order.target != nil else {
            throw Complaint(
                "peer \(self.peer)", why: "no inner address of it is known that is not this host's own",
                whatNow: "name one: iptund ping \(name) ADDRESS")
        }
        return order
    }

    /// Which of the peers `text` means, and the inner address to ask, if it is one.
    static func find(_ text: String, in report: TunnelReport) throws(Complaint) -> (place: Int, address: IPv4Address?) {
        if let place = report.peers.firstIndex(where: { [$0.name, $0.host, $0.endpoint].contains(text) }) {
            return (place, nil)
        }
        if let address = IPv4Address(text) {
            let owners = report.peers.indices.compactMap { place in
                report.peers[place].allowedIPs.compactMap { Prefix($0) }.filter { $0.contains(address) }.map(\.length)
                    .max()
                    .map { (place, $0) }
            }
            if let owner = owners.max(by: { $0.1 < $1.1 }) { return (owner.0, address) }
        }
        let known = report.peers.prefix(5).compactMap { $0.name ?? $0.host ?? $0.endpoint }.joined(separator: ", ")
        throw .usage(
            "'\(text)'", why: "neither a peer of \(report.name) nor an address in anybody's AllowedIPs",
            whatNow: known.isEmpty ? "it has no peers" : "its peers: \(known)")
    }
}
