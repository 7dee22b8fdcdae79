// SPDX-License-Identifier: Apache-2.0

internal import ArgumentParser
internal import Configuration
internal import Linux
internal import Tunnel

/// `iptund reload`: a running tunnel goes on by what its file says now.
struct Reload: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Apply what changed in a tunnel's file, without losing a packet of unchanged peers.",
        discussion: """
            Root asks the tunnel's keeper, which changes the host; the tunnel itself, which has no privilege, is given its \
            new peers. A file with a mistake changes nothing. Names of peers are asked for again. Device, Local, Netns, \
            FwMark, User, Workers, Offload and Keepalive cannot change while a tunnel is up.
            """)

    @Argument(help: "The tunnel.")
    var name: String

    @Flag(help: "Print all changes; otherwise at most 20 of a kind.")
    var verbose = false

    @OptionGroup var location: RuntimeOption

    func run() throws {
        let echo = Echo(limit: verbose ? .max : 20) { standardError($0) }
        // Two reloads at once would each start from what the other one is changing.
        let lock = try SetUpLock.take(in: try find().found.state.namespace)
        let peers = try reload(echo)
        lock.release()
        print(
            "\(name): \(peers.added) peers added, \(peers.removed) removed, \(peers.changed) changed, "
                + "\(peers.kept) as they were")
    }

    private func reload(_ echo: Echo) throws(Complaint) -> ControlAnswer.Peers {
        let (directory, found) = try find()
        let state = found.state
        guard let file = state.file else {
            throw Complaint(
                "tunnel \(name)", why: "was started without a file",
                whatNow: "start it with 'iptund up NAME'; 'iptund up --peer ... --save NAME' writes the file")
        }
        let settings = try ConfigurationFiles().read(try trusted(file, found)).checked()
        let current = try Interpretation(ConfigurationText.read(Array(state.configuration.utf8), file: directory.state))
            .checked()
        try Reloading.check(settings, against: current)
        try Reload.check(settings, against: found)
        return try HostReload(directory: directory, state: state, echo: echo).perform(settings)
    }

    /// The file that root is to read, and to act upon. Who is not root may not choose one.
    private func trusted(_ file: String, _ found: Testimony) throws(Complaint) -> String {
        let usual = ConfigurationFiles().path(named: name)
        guard found.isRoots || User.current.id != 0 || file == usual else {
            throw Complaint(
                "tunnel \(name)", why: "uid \(found.author) started it with another file than \(usual)",
                whatNow: "start it again with what changed")
        }
        return file
    }

    /// Nor what device the file is about.
    private static func check(_ settings: TunnelSettings, against found: Testimony) throws(Complaint) {
        let name = found.state.device.name
        guard found.isRoots || User.current.id != 0 || settings.device?.text == name else {
            throw Complaint(
                "device \(name)", why: "uid \(found.author) made it, and the file is about another one",
                whatNow: "start the tunnel again")
        }
    }

    private func find() throws(Complaint) -> (directory: RuntimeDirectory, found: Testimony) {
        for directory in try TunnelFinder.directories(of: name, override: location.directory) {
            if let found = try Testimony.read(directory.state) { return (directory, found) }
        }
        throw Complaint(
            "tunnel \(name)", why: "is not up here", whatNow: "'iptund' lists the tunnels of this namespace")
    }
}
