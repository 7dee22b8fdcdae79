// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import FoundationEssentials
internal import Linux

/// What somebody wrote down of a tunnel, and who.
///
/// Under systemd a tunnel runs as the user iptund from the start, so its directory and its list are that user's. The process
/// that takes back what it lists may have more privilege than its author: so what root did not write is never an instruction to root,
/// but a claim, believed as far as it is about that tunnel's own device, table and barriers, or as root's own file says the same.
struct Testimony {
    let state: TunnelState
    /// The uid that wrote it.
    let author: UInt32

    /// Whether it says nothing that root did not say.
    var isRoots: Bool { author == 0 }
    /// Whether this process may do more than the author could.
    var isMistrusted: Bool { author != 0 && author != User.current.id }

    /// What a tunnel left at `path`; `nil` when there is nothing.
    /// - Parameter user: who tunnels run as, which is iptund.
    /// - Throws: that it is not what we write, or that somebody else wrote it.
    static func read(_ path: String, writtenBy user: User? = nil) throws(Complaint) -> Testimony? {
        let content: Files.Content
        do throws(Errno) {
            content = try Testimony.content(path)
        } catch .noSuchFile {
            return nil
        } catch {
            throw Complaint("cannot read \(path)", error, whatNow: "run it as root")
        }
        let author = content.status.owner
        guard isTrusted(author, user), content.status.mode & 0o022 == 0 else {
            throw Complaint(
                "cannot trust \(path)", why: "uid \(author) wrote it, or others may write to it",
                whatNow: "find out who did, and remove it")
        }
        let state = try? JSONDecoder().decode(TunnelState.self, from: Data(content.bytes))
        guard var state, state.schema == TunnelState.schema, state.isPlain,
            state.steps.allSatisfy({ $0.change.kind.isPlausible($0.before, of: state) })
        else {
            throw Complaint(
                "cannot read \(path)", why: "it is no state of this version",
                whatNow: "take back by hand what 'ip route', 'ip rule' and 'ip neigh show proxy' show, then remove it")
        }
        // What a container shows as the mark of this boot may be its own, and another one inside of a unit's /proc.
        if Files.isInMemory(path) { state.boot = TunnelState.currentBoot }
        return Testimony(state: state, author: author)
    }

    /// What root or we wrote may be long: 10,000 peers with proxy entries take some 5 MB, and each may have 128.
    private static func content(_ path: String) throws(Errno) -> Files.Content {
        do throws(Errno) {
            return try Files.content(path, limit: 16 << 20, lastLink: .refused)
        } catch .fileTooLarge {
            guard [0, User.current.id].contains(try Files.status(path).owner) else { throw .fileTooLarge }
            let content = try Files.content(path, limit: 256 << 20, lastLink: .refused)
            guard [0, User.current.id].contains(content.status.owner) else { throw .fileTooLarge }
            return content
        }
    }

    /// Root, who runs us, and the user that tunnels run as.
    private static func isTrusted(_ author: UInt32, _ user: User?) -> Bool {
        author == 0 || author == User.current.id || author == (user ?? service)?.id
    }
}

extension Testimony {
    /// What a claim is judged by.
    struct Claim {
        let device: HostChange.Device
        /// Whether there is a TUN of exactly this name and number.
        var hasDevice = false
        /// The place of its table and rules, if no other tunnel has it.
        var routing: PolicyRouting?
        /// What other tunnels have.
        var others: Set<HostChange> = []
        /// What root's own file says of the tunnel.
        var settings: TunnelSettings?

        /// Whether it can have routes of its own in a table.
        func hasTable(_ table: UInt32) -> Bool {
            if case .number(table)? = settings?.table { return true }
            return table == Route.mainTable || table == routing?.table
        }
    }

    /// The list as far as it may be acted upon, by this process.
    ///
    /// Numbers of devices are given again: what is about the tunnel's own counts only while that is there, whatever its author.
    func believed(besides directory: RuntimeDirectory, _ netlink: borrowing Netlink) -> TunnelState {
        let place = TunnelRegistry.Place(directory: directory, namespace: state.namespace)
        let registry = TunnelRegistry.read(besides: place, netlink)
        var claim = Claim(device: state.device)
        claim.hasDevice = state.hasDevice(netlink)
        var believed = state
        guard isMistrusted else {
            believed.steps.removeAll { !claim.hasDevice && $0.change.device == state.device }
            return believed
        }
        if let routing = state.routing, !registry.places.contains(routing) { claim.routing = routing }
        claim.others = registry.changes
        claim.settings = Testimony.settings(directory.name)
        believed.steps.removeAll { !$0.change.kind.isCredible(claim) }
        return believed
    }

    /// Where the changes are; `nil` when the machine or the namespace has gone, and everything with it.
    func place(of directory: RuntimeDirectory) throws(Complaint) -> DevicePlace? {
        guard state.boot == TunnelState.currentBoot else { return nil }
        if let name = state.namespaceName {
            guard (try? NetworkNamespace.open(named: name)) != nil else { return nil }
            guard !isMistrusted || Testimony.settings(directory.name)?.namespace == name else {
                throw Complaint(
                    "tunnel \(directory.name)", why: "uid \(author) says that its device is in namespace '\(name)'",
                    whatNow: "Netns in \(ConfigurationFiles().path(named: directory.name)) would have to say so, too")
            }
        }
        let place = try DevicePlace.find(state.namespaceName)
        guard place.identity == state.namespace else { return nil }
        return place
    }

    /// What root's own file says of a tunnel.
    private static func settings(_ name: String) -> TunnelSettings? {
        (try? ConfigurationFiles().read(name)).flatMap { try? $0.checked() }
    }

    /// Whose a list becomes that is written to `path`: what root writes in a directory of iptund's, iptund has to replace;
    /// what it writes in its own, tunnels of iptund's have to read, who may share a change with that one.
    static func owner(of path: String) -> User? {
        guard User.current.id == 0, let owner = Files.ownerOfDirectory(of: path) else { return nil }
        guard owner.id == 0, let group = service?.group else { return owner }
        return User(id: owner.id, group: group)
    }

    /// Who tunnels run as under systemd, if the system has that user: asked once, since a keeper cannot ask any more.
    static let service = User(named: "iptund")

    /// For the owner, and for who may share a change with it.
    static let mode: UInt32 = 0o640
}

extension TunnelState {
    /// Whether the names in it, which commands print, are what names can be, and its table and rules are a tunnel's.
    fileprivate var isPlain: Bool {
        if let routing, !PolicyRouting.places.contains(routing.place) { return false }
        let names = [name, device.name, namespaceName ?? "", file ?? ""] + steps.compactMap(\.change.device?.name)
        return names.allSatisfy { $0.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } }
    }
}
