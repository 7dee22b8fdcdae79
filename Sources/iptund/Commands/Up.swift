// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import ArgumentParser
internal import Linux
internal import Tunnel
internal import Wire

/// `iptund up`: a tunnel for as long as the command runs.
struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set up a tunnel and carry packets until SIGTERM or Ctrl-C.",
        discussion: """
            With --peer alone, whatever is routed into the device goes to the peer, and any inner source is taken from \
            it; the peer itself is pinned to today's route, so that no route of yours can make the tunnel loop. Give \
            the device addresses and routes as any other interface:

              ip address add 10.9.0.1/32 dev iptun0
              ip route add 10.9.1.0/24 dev iptun0

            or let --address and --allowed-ips do it. Every change to the host is printed as the command that one \
            could have typed, and taken back at the end. Needs CAP_NET_ADMIN and CAP_NET_RAW, and keeps neither.
            """)

    @Option(help: ArgumentHelp("The other end: an address or a host name.", valueName: "host"))
    var peer: String?

    @Option(help: ArgumentHelp("Our outer address (default: what the route to the peer says).", valueName: "address"))
    var local: String?

    @Option(help: ArgumentHelp("The device, and the tunnel's name (default: first free iptunN).", valueName: "name"))
    var device: String?

    @Option(help: ArgumentHelp("Inner address A/P or 'A peer B'; by comma, or repeated.", valueName: "a/p"))
    var address: [String] = []

    @Option(
        name: .customLong("allowed-ips"),
        help: ArgumentHelp("Inner prefixes behind the peer: routed, enforced; by comma.", valueName: "prefix"))
    var allowedIPs: [String] = []

    @Option(help: ArgumentHelp("MTU of the device, 68 to 65515 (default: underlay's - 20).", valueName: "octets"))
    var mtu: String?

    @Option(
        help: ArgumentHelp("Pairs of threads that share the flows, 1 to 16, or 'auto' (default: 1).", valueName: "n"))
    var workers: String?

    @OptionGroup var treatment: PolicyOptions

    @Flag(name: .customLong("dry-run"), help: "Print every change that would be made, and make none.")
    var isDryRun = false

    @Flag(help: "Print all changes; otherwise at most 20 of a kind.")
    var verbose = false

    @OptionGroup var location: RuntimeOption

    func run() throws {
        let settings = try settings()
        let echo = Echo(limit: verbose ? .max : 20) { isDryRun ? print($0) : standardError($0) }
        if isDryRun {
            try Daemon.describe(settings, echo: echo)
        } else {
            try Daemon.run(settings, directory: location.directory, echo: echo)
        }
    }

    /// The flags as values.
    /// - Throws: a ``Complaint`` with exit code 2 about the first that makes no sense.
    func settings() throws(Complaint) -> TunnelSettings {
        var settings = TunnelSettings()
        settings.policy = try treatment.policy()
        if let peer { settings.peers = [PeerSettings(endpoint: try Arguments.peer(peer))] }
        if settings.peers.isEmpty { try checkWorksWithoutPeer(settings.policy) }
        settings.local = try local.map { text throws(Complaint) in try Arguments.local(text) }
        settings.policy.local = settings.local
        settings.device = try device.map { text throws(Complaint) in try Arguments.device(text) }
        settings.addresses = try Arguments.list(address, Arguments.address)
        if !allowedIPs.isEmpty { settings.peers[0].allowed = try Arguments.list(allowedIPs, Arguments.allowed) }
        if case .address(let peer) = settings.peers.first?.endpoint,
            settings.peers[0].allowed?.contains(Prefix(host: peer)) == true
        {
            throw .usage(
                "--allowed-ips \(peer)/32", why: "is the peer's outer address, which the tunnel itself is sent to",
                whatNow: "leave it out, or give an inner address")
        }
        settings.mtu = try mtu.map { text throws(Complaint) in try Arguments.mtu(text) }
        if let workers { settings.workers = try Arguments.workers(workers) }
        return settings
    }

    /// Without a peer there is nobody to send to; without others to accept there is nobody to take from either.
    private func checkWorksWithoutPeer(_ policy: TunnelPolicy) throws(Complaint) {
        guard policy.only == .decapsulate, policy.acceptance != .peers else {
            throw .usage(
                "--peer is missing", why: "a tunnel needs another end",
                whatNow: "give its address; only '--only decapsulate --accept-from PREFIX' works without")
        }
        guard allowedIPs.isEmpty else {
            throw .usage(
                "--allowed-ips", why: "belong to a peer, and there is none", whatNow: "give --peer, or leave them out")
        }
    }
}

/// Where the files of tunnels lie, for every verb that needs them.
struct RuntimeOption: ParsableArguments {
    @Option(
        name: .customLong("runtime-directory"),
        help: ArgumentHelp(
            "This tunnel's directory (default: $RUNTIME_DIRECTORY, else /run/iptund/NAME).", valueName: "path"))
    var directory: String?
}
