// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration
internal import Linux

/// `iptund up`: a tunnel for as long as the command runs.
struct Up: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Set up a tunnel and carry packets until SIGTERM or Ctrl-C.",
        usage: "iptund up NAME|FILE [options]\niptund up --peer HOST [options]",
        discussion: """
            NAME stands for /etc/iptund/NAME.conf, and is the device's name too. What such a file says, flags can say \
            for a tunnel of one peer, and --save writes the file.

            With --peer alone, whatever is routed into the device goes to the peer, and any inner source is taken from \
            it; the peer itself is pinned to the underlay, so that no route of yours can make the tunnel loop. Give \
            the device addresses and routes as any other interface:

              ip address add 10.9.0.1/32 dev iptun0
              ip route add 10.9.1.0/24 dev iptun0

            or let --address and --allowed-ips do it. Every change to the host is printed as the command that one \
            could have typed, made again when another program removes it, and taken back at the end. Needs \
            CAP_NET_ADMIN and CAP_NET_RAW; only the keeper, which sees no packet, keeps the first.
            """)

    @Argument(help: ArgumentHelp("A tunnel that a file describes.", valueName: "name|file"))
    var source: String?

    @OptionGroup(title: "The two ends") var ends: PeerOptions
    @OptionGroup(title: "The device, and routes") var device: DeviceOptions
    @OptionGroup(title: "Packets") var treatment: PolicyOptions
    @OptionGroup(title: "The daemon") var process: ProcessOptions

    @Option(help: ArgumentHelp("Also write the file that does the same, /etc/iptund/NAME.conf.", valueName: "name"))
    var save: String?

    @Flag(name: .customLong("dry-run"), help: "Print every change that would be made, and make none.")
    var isDryRun = false

    @Flag(help: "Print all changes; otherwise at most 20 of a kind.")
    var verbose = false

    @Flag(name: .customLong("no-janitor"), help: .hidden)
    var hasNoJanitor = false

    @OptionGroup var location: RuntimeOption

    func run() throws {
        let request = try request()
        let isDryRun = isDryRun
        let echo = Echo(limit: verbose ? .max : 20) { line in
            if isDryRun { print(line) } else { standardError(line) }
        }
        if isDryRun {
            try Daemon.describe(request.settings, echo: echo)
            if let copy = request.copy { print(copy.preview, terminator: "") }
        } else {
            let options = Daemon.Options(
                name: request.name, file: request.file ?? request.copy?.path, directory: location.directory, echo: echo)
            try Daemon.run(request.settings, options) { () throws(Complaint) in
                guard let copy = request.copy else { return }
                try copy.write()
                standardError("iptund: written: \(copy.path)")
            }
        }
    }

    /// What was asked for.
    struct Request {
        let settings: TunnelSettings
        /// What the tunnel is called, if not like its device.
        var name: String?
        /// The file that says so, as an absolute path.
        var file: String?
        /// The file that is to say so.
        var copy: SavedTunnel?
    }

    /// Reads the flags, or else the file.
    /// - Throws: a ``Complaint`` with exit code 2 about the first that makes no sense.
    func request(_ files: ConfigurationFiles = ConfigurationFiles()) throws(Complaint) -> Request {
        if let source { return try read(source, files) }
        let draft = draft
        if let entry = Up.repeated(draft.interface + draft.peers.flatMap(\.entries)) {
            let isPeer = entry.key == .endpoint
            throw .usage(
                entry.key.flag, why: isPeer ? "given twice, and a tunnel of flags has one peer" : "given twice",
                whatNow: isPeer ? "name several in a file ('man iptund.conf'): 'iptund up FILE'" : "give it once")
        }
        guard !draft.interface.isEmpty || !draft.peers.isEmpty else {
            throw .usage(
                "no tunnel", why: "neither a name or file nor a peer was given",
                whatNow: "'iptund up NAME' for /etc/iptund/NAME.conf, or 'iptund up --peer HOST'")
        }
        let settings = try Interpretation(draft).checked()
        guard let save else { return Request(settings: settings) }
        let copy = try SavedTunnel(settings, name: save, files)
        return Request(settings: copy.settings, name: save, copy: copy)
    }

    /// The second of two values where one can be.
    private static func repeated(_ entries: [Entry]) -> Entry? {
        var seen: Set<Key> = []
        return entries.first { $0.key.multiplicity == .one && !seen.insert($0.key).inserted }
    }

    /// The flags, as something to be understood.
    var draft: Draft {
        var draft = Draft()
        draft.interface = ends.entries + device.entries + treatment.entries + process.entries
        draft.peers = ends.drafts
        return draft
    }

    private func read(_ source: String, _ files: ConfigurationFiles) throws(Complaint) -> Request {
        let draft = draft
        if let entry = draft.interface.first ?? draft.peers.first?.entries.first {
            throw .usage(
                entry.key.flag, why: "does not go together with the file of '\(source)'",
                whatNow: "write it into the file")
        }
        if save != nil {
            throw .usage("--save", why: "'\(source)' is saved already", whatNow: "copy the file, or leave --save out")
        }
        let path = files.path(of: source)
        let settings = try files.read(source).checked()
        return Request(settings: settings, name: ConfigurationFiles.tunnelName(of: path), file: Files.absolute(path))
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
