// SPDX-License-Identifier: Apache-2.0

internal import Tunnel
internal import Wire

/// The one way from words to values: what a draft means, and what is wrong with it.
///
/// It takes time in proportion to the draft's size.
package struct Interpretation {
    /// What was asked for. Only without ``mistakes`` may anything be done with it.
    package private(set) var settings = TunnelSettings()
    /// What is wrong, in the order of the files and their lines; at most ``Draft/mistakeLimit``.
    package private(set) var mistakes: [Mistake]
    /// What was written of the tunnel as a whole; of lists, the first element.
    private var written: [Key: Entry] = [:]
    private var addresses = Once<InterfaceAddress>()
    private var accepted = Once<Prefix?>()
    /// What the peers' values were made from, in the order of the peers.
    private var origins: [PeerOrigin] = []
    private let isReadable: Bool

    /// Reads every value of `draft`, and checks whether they go together.
    package init(_ draft: Draft) {
        mistakes = draft.mistakes
        isReadable = draft.mistakes.isEmpty
        for entry in draft.interface {
            do throws(Complaint) { try take(entry) } catch { note(Mistake(error, about: entry)) }
        }
        settings.addresses = addresses.elements
        settings.policy.acceptance = Decapsulation.Acceptance(accepted.elements.compactMap(\.self))
        settings.policy.local = settings.local
        for peer in draft.peers { take(peer) }

        let peers = PeerChecks(settings.peers, origins, addresses: settings.addresses)
        for mistake in peers.conflicts { note(mistake) }
        if mistakes.isEmpty { for mistake in peers.gaps { note(mistake) } }
        // What is left out because it was refused is not missing.
        if mistakes.isEmpty {
            for mistake in UseChecks(settings, written, file: draft.files.first).mistakes { note(mistake) }
        }
        sort(draft.files)
    }

    /// The settings.
    /// - Throws: the first of the mistakes, with exit code 2.
    package func checked() throws(Complaint) -> TunnelSettings {
        if let mistake = mistakes.first { throw mistake.complaint }
        return settings
    }

    private mutating func note(_ mistake: Mistake) {
        if mistakes.count < Draft.mistakeLimit { mistakes.append(mistake) }
    }

    private mutating func take(_ entry: Entry) throws(Complaint) {
        if written[entry.key] == nil { written[entry.key] = entry }
        switch entry.key {
        case .address: try addresses.append(try entry.interfaceAddress(), entry)
        case .local: settings.local = try entry.local()
        case .device: settings.device = try entry.device()
        case .mtu: settings.mtu = try entry.mtu()
        case .ttl: settings.policy.outer.ttl = try entry.ttl()
        case .df: settings.policy.outer.fragmentation = try entry.fragmentation()
        case .dscp: settings.policy.outer.dscp = try entry.dscp()
        case .ecn: settings.policy.outer.ecn = try entry.ecn()
        case .minimumTTL: settings.policy.minimumTTL = try entry.minimumTTL()
        case .segmentSizeClamp: settings.policy.clamp = try entry.segmentSizeClamp()
        case .table: settings.table = try entry.table()
        case .forward: settings.forward = try entry.forwarding(after: settings.forward)
        case .proxyARP: settings.proxyARP = try entry.proxyARP()
        case .only: settings.policy.only = try entry.only()
        case .acceptFrom: try accepted.append(try entry.acceptance(), entry)
        case .namespace: settings.namespace = try entry.namespace()
        case .firewallMark: settings.mark = try entry.firewallMark()
        case .killSwitch: settings.killSwitch = try entry.killSwitch()
        case .user: settings.user = try entry.user()
        case .workers: settings.workers = try entry.workers()
        case .offload: settings.offload = try entry.offload()
        case .keepalive: settings.keepalive = try entry.keepalive()
        case .name, .endpoint, .allowedIPs, .probe: break
        }
    }

    private mutating func take(_ draft: Draft.PeerDraft) {
        var origin = PeerOrigin(place: draft.place)
        var (name, endpoint): (String?, PeerAddress?) = (nil, nil)
        var allowed: [Prefix] = []
        var probe: IPv4Address?
        for entry in draft.entries {
            do throws(Complaint) {
                switch entry.key {
                case .name:
                    name = try entry.peerName()
                    origin.name = entry
                case .endpoint:
                    origin.endpoint = entry
                    endpoint = try entry.endpoint()
                case .allowedIPs:
                    allowed.append(try entry.allowed())
                    origin.allowed.append(entry)
                case .probe:
                    probe = try entry.probe()
                    origin.probe = entry
                default: break
                }
            } catch {
                note(Mistake(error, about: entry))
            }
        }
        guard let endpoint else {
            // A key that nobody understood may have been it.
            if origin.endpoint == nil, isReadable { note(PeerChecks.withoutEndpoint(draft)) }
            return
        }
        settings.peers.append(
            PeerSettings(
                name: name, endpoint: endpoint, allowed: allowed.isEmpty ? nil : allowed, probe: probe,
                place: draft.place))
        origins.append(origin)
    }

    /// Puts the mistakes into the order in which somebody reads the files.
    private mutating func sort(_ files: [String]) {
        let order = Dictionary(zip(files, files.indices)) { first, _ in first }
        func rank(_ place: Place) -> (Int, Int, Int) {
            guard case .file(let path, let line, let column) = place else { return (-1, 0, 0) }
            return (order[path] ?? files.count, line, column)
        }
        // Swift's sort is stable: what stands at one place stays in order.
        mistakes.sort { rank($0.place) < rank($1.place) }
    }
}

/// What the values of a peer were made from.
struct PeerOrigin {
    let place: Place
    var name: Entry?
    var endpoint: Entry?
    /// As many as the peer has prefixes, in their order.
    var allowed: [Entry] = []
    var probe: Entry?

    init(place: Place) { self.place = place }
}

/// A list that nobody may give the same element twice.
private struct Once<Element: Hashable> {
    private(set) var elements: [Element] = []
    private var seen: Set<Element> = []

    mutating func append(_ element: Element, _ entry: Entry) throws(Complaint) {
        guard seen.insert(element).inserted else { throw entry.refusal(why: "given twice", whatNow: "give it once") }
        elements.append(element)
    }
}
