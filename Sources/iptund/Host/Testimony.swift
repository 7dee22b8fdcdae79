// SPDX-License-Identifier: Apache-2.0

internal import Configuration
internal import FoundationEssentials
internal import Linux

/// What somebody wrote down of a tunnel, and who.
///
/// Under systemd a tunnel runs as the user iptund from the start, so its directory and its state are that user's, and root
/// takes back what it lists. So the state of anybody but root lists only what tunnels change, and goes back only to values
/// that are as safe as those of a kernel that nobody has configured.
struct Testimony {
    let state: TunnelState
    /// The uid that wrote it.
    let author: UInt32

    /// Whether it says nothing that root did not say.
    var isRoots: Bool { author == 0 }

    /// What a tunnel left at `path`; `nil` when there is nothing.
    /// - Parameter user: who tunnels run as, which is iptund.
    /// - Throws: that it is not what we write, or that somebody else wrote it.
    static func read(_ path: String, writtenBy user: User? = nil) throws(Complaint) -> Testimony? {
        let content: Files.Content
        do throws(Errno) {
            content = try Files.content(path, limit: limit, lastLink: .refused)
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
            state.steps.allSatisfy(state.mayTakeBack),
            author == 0 || state.steps.allSatisfy(state.isHarmless)
        else {
            throw Complaint(
                "cannot read \(path)", why: "it is no state of this version",
                whatNow: "take back by hand what 'ip route', 'ip rule' and 'ip neigh show proxy' show, then remove it")
        }
        // What a container shows as the mark of this boot may be its own, and another one inside of a unit's /proc.
        if Files.isInMemory(path) { state.boot = TunnelState.currentBoot }
        return Testimony(state: state, author: author)
    }

    /// 10,000 peers with proxy entries take some 5 MB.
    private static let limit = 256 << 20

    /// Root, who runs us, and the user that tunnels run as.
    private static func isTrusted(_ author: UInt32, _ user: User?) -> Bool {
        author == 0 || author == User.current.id || author == (user ?? User(named: "iptund"))?.id
    }
}

extension Testimony {
    /// Whose a state becomes that is written to `path`: what root writes in a directory of iptund's, iptund has to replace;
    /// what it writes in its own, tunnels of iptund's have to read, who may share a change with that one.
    static func owner(of path: String) -> User? {
        guard User.current.id == 0, let owner = Files.ownerOfDirectory(of: path) else { return nil }
        guard owner.id == 0, let group = User(named: "iptund")?.group else { return owner }
        return User(id: owner.id, group: group)
    }

    /// For the owner, and for who may share a change with it.
    static let mode: UInt32 = 0o640
}

extension TunnelState {
    /// Whether a step is one that a tunnel makes: about its own device, or marked as ours.
    fileprivate func mayTakeBack(_ step: Step) -> Bool {
        switch step.change {
        case .noIPv6(let other), .mtu(_, let other), .address(_, let other), .up(let other): other == device
        case .route(let route, _): route.protocolNumber == HostChange.protocolNumber
        case .rule(let rule):
            rule.protocolNumber == HostChange.protocolNumber
                && PolicyRouting.places.contains { PolicyRouting(place: $0).priorities.contains(rule.priority) }
        case .proxy, .setting, .noCommonRedirects: true
        }
    }

    /// Whether taking a step back sets nothing to a value that nobody but root may choose.
    fileprivate func isHarmless(_ step: Step) -> Bool {
        switch step.change {
        case .setting(.forwarding, 1, _), .setting(.proxyARP, 1, _): [nil, 0].contains(step.before)
        case .setting(.sendRedirects, 0, _), .noCommonRedirects: [nil, 1].contains(step.before)
        case .setting(_, _, let other): other == device
        default: true
        }
    }

    /// Whether the names in it, which commands print, are what names can be, and its table and rules are a tunnel's.
    fileprivate var isPlain: Bool {
        if let routing, !PolicyRouting.places.contains(routing.place) { return false }
        let names = [name, device.name, namespaceName ?? "", file ?? ""] + steps.compactMap(\.change.device?.name)
        return names.allSatisfy { $0.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control } }
    }
}

extension HostChange {
    /// The device that it is about, if it is about one.
    fileprivate var device: Device? {
        switch self {
        case .noIPv6(let device), .mtu(_, let device), .address(_, let device), .up(let device): device
        case .route(_, let device), .proxy(_, let device), .setting(_, _, let device): device
        case .rule, .noCommonRedirects: nil
        }
    }
}
